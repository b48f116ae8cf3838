"""Where meshes come from: packs on disk, their checksums and their cache."""

"""An exploration drawn: actors, picking, camera, labels, pictures. No Qt widgets."""

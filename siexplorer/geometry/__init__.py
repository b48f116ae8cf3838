"""Numbers from surfaces: arrays in, arrays out."""

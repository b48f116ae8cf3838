"""An exploration handled: the Qt window."""

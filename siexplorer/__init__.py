"""SI Explorer: understand one small joint, the sacroiliac joint, and the pelvis around it."""

__version__ = "0.1.0"

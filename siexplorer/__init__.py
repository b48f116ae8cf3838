"""SI Explorer: understand one small joint, the sacroiliac joint, and the pelvis around it."""

import os

__version__ = "0.1.0"

# Before numpy is loaded, which reads it once: after each product of matrices, OpenBLAS's threads
# spin for some 30 ms, and take that time from what draws without a graphics card.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

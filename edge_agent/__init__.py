"""Edge agent: turns a camera's frames into counts of emotions, and publishes only those."""

import os

# Read by OpenCV when it is imported first, wherever that is: it would write to standard error by
# itself what we say in a sentence of our own.
os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")

__version__ = "0.1.0"

"""The face detector: an anchor-free network on strides 8, 16 and 32, and how it is trained."""

"""Pretrained weights on this machine: where to find them, and how fast they run.

In come the name of an installed package and a file pattern; out comes the path of its weights. The
hardware's abilities decide the number format. Imports torch when called, and nothing of the other
rooms.
"""

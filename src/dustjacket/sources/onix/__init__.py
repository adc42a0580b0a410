"""Read ONIX for Books 3.0 and 3.1, with reference names or short tags.

``reader`` cuts products out of messages, ``product`` makes a row's values of one product, and
``deltas`` applies later records to earlier ones. Takes streams of bytes, yields ``TableRow``.
"""

# Latin-1 text.
# malformed: not text in UTF-8
# %% make
path.write_bytes('{"cells": ["é"]}'.encode("latin-1"))

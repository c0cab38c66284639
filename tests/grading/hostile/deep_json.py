# Brackets within brackets, to the depth where a parser falls over.
# malformed: not valid JSON
# %% make
path.write_bytes(b'{"cells": ' + b"[" * 200_000)

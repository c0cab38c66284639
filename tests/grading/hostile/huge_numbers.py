# JSON with a number of a million digits, a NaN, and lone surrogates.
# malformed: is
# %% make
path.write_text('{"cells": [' + "9" * 10**6 + ', NaN, "\\ud800"]}')

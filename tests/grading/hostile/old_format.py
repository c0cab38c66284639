# A notebook of format 3.
# malformed: version 3
# %% make
path.write_text(json.dumps({"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": []}]}))

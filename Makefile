# The same commands without make, for example on Windows: python make.py lab
PYTHON ?= python3
VERBS = lab test doctor setup notebooks figures bench lint lock clean

.PHONY: help $(VERBS)
help:
	@$(PYTHON) make.py --help

# More words for a command: make test ARGS="tests/density -x"   make lab ARGS="--port 9000"
$(VERBS):
	@$(PYTHON) make.py $@ $(ARGS)

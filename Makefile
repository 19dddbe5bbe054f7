# Two commands from a machine with Python 3.11 or 3.12, pip and make:
#   make demo [PORTRAIT=photo.jpg] [AUDIO=speech.wav] [OUT=talking.mp4]
#   make test

PYTHON ?= python3
PORTRAIT ?= examples/portrait.jpg
AUDIO ?= examples/speech.wav
OUT ?= demo.mp4

.PHONY: demo test lint clean

demo: .venv/.ready
	@.venv/bin/openvasa animate "$(PORTRAIT)" "$(AUDIO)" -o "$(OUT)"
	@echo "Your video: $(abspath $(OUT))"

test: .venv-test/.ready lint
	.venv-test/bin/pytest

lint: .venv-test/.ready
	.venv-test/bin/ruff check .
	.venv-test/bin/ruff format --check .
	.venv-test/bin/mypy

# The demo's environment holds the core alone: no torch.
.venv/.ready: pyproject.toml
	@echo "Setting up .venv (once, about a minute)"
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' \
		|| { echo "openvasa needs Python 3.11 or 3.12: make PYTHON=python3.11 ..."; exit 1; }
	@$(PYTHON) -m venv .venv
	@.venv/bin/pip install --quiet --editable .
	@touch $@

.venv-test/.ready: pyproject.toml
	@echo "Setting up .venv-test with torch (once, some minutes)"
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' \
		|| { echo "openvasa needs Python 3.11 or 3.12: make PYTHON=python3.11 ..."; exit 1; }
	@$(PYTHON) -m venv .venv-test
	@.venv-test/bin/pip install --quiet --editable '.[train,cluster,server,dev]'
	@touch $@

clean:
	rm -rf .venv .venv-test demo.mp4

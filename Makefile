# Copyright (c) 2026, the ontap.akv authors
# SPDX-License-Identifier: GPL-3.0-or-later

# What there is to run. The checks themselves are declared in noxfile.py; this file gets nox into .cache/ and calls it.

# Any Python from 3.9 on starts it; those that the checks run on are looked for by dev/pythons.py.
PYTHON ?= python3
# Handed on: make simulator ARGS="--release 9.7", make unit ARGS="-k uri"
ARGS ?=

MAKEFLAGS += --no-print-directory
NOX := .cache/env/nox/bin/python -m nox
SESSIONS := format lint typing docs-check docsite unit integration faults releases roles eda pages kit judges cores certification ansible-test sanity build

.DEFAULT_GOAL := help
.PHONY: help demo test check simulator replay bench release clean bootstrap $(SESSIONS)

help: ## list what there is to run
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-13s %s\n", $$1, $$2}' Makefile

demo: bootstrap ## run the core workflow with ansible-playbook against a simulated ONTAP cluster
	@$(NOX) -s demo -- $(ARGS)

test: bootstrap ## run all checks, with a line of counts at the end
	@.cache/env/nox/bin/python -m dev.check

check: bootstrap ## run the checks of the edit loop: lint, types, unit tests, and one story for each module
	@.cache/env/nox/bin/python -m dev.check check

certification: ## run ansible-lint as Red Hat's certification does
format: ## put the code into the style that lint wants, as far as a program can
lint: ## check style, YAML, playbooks, licenses and changelog fragments
typing: ## check the types
docs-check: ## check the documentation of modules and roles
docsite: ## build the documentation as a website, into .cache/docsite/html
unit: ## run the unit and property tests on the newest ansible-core, and on the oldest Python and requests
integration: ## run the playbooks of the tests on the newest ansible-core
faults: ## try the modules with every fault at every moment
releases: ## play the life of an AKV configuration on every ONTAP release
roles: ## play the roles, through the playbooks of the collection
eda: ## run the event sources and rulebooks with the real ansible-rulebook
pages: ## type every command of the documentation
kit: ## run the molecule scenarios, and check what ansible-builder makes of the collection
judges: ## let clients of the vendor and of Microsoft judge the simulator; nox -s judges-all runs all of the vendor's
cores: ## run what may differ on other ansible-cores: the oldest, a long-lived one and the release candidate
ansible-test: ## run ansible-test: units and integration on the oldest ansible-core, sanity on three
sanity: ## run ansible-test sanity on the oldest, a long-lived and the newest ansible-core
build: ## build the archive for Galaxy and check it as Galaxy does

$(SESSIONS): bootstrap
	@$(NOX) -t $@ -- $(ARGS)

simulator: bootstrap ## run the ONTAP simulator in the foreground; options: make simulator ARGS="--help"
	@$(NOX) -s simulator -- $(ARGS)

replay: bootstrap ## run the modules on a simulated cluster made of a bundle; make replay BUNDLE=conformance-1.json
	@$(NOX) -s replay -- $(if $(BUNDLE),"$(BUNDLE)") $(ARGS)

bench: bootstrap ## measure the collection side by side with its peers (ARGS="--help")
	@$(NOX) -s bench -- $(ARGS)

release: bootstrap ## release a version; make release VERSION=0.2.0 REPOSITORY=https://…
	@$(NOX) -s release -- --version=$(VERSION) --repository=$(REPOSITORY)

clean: ## remove all that was generated
	rm -rf .cache tests/output
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

bootstrap:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 9))' || \
		{ echo 'This needs Python 3.9 or newer: make PYTHON=/path/to/python3 …' >&2; exit 1; }
	@$(PYTHON) -m dev.environment

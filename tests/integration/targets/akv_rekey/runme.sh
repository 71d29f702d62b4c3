#!/usr/bin/env bash
# Copyright (c) 2026, the ontap.akv authors
# SPDX-License-Identifier: GPL-3.0-or-later

# How ansible-test plays this target: its stories, each on a simulated cluster of its own.
set -eu
exec "${ANSIBLE_TEST_PYTHON_INTERPRETER}" ../setup_simulator/play_stories.py "$(basename "${PWD}")" "$@"

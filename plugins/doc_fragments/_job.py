# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This doc fragment is private to the collection: it may change at any time.

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  wait:
    description:
      - Whether to wait until the job has finished and the AKV configuration is in the expected state, for at most
        O(wait_timeout). V(false) starts the job and does not follow it.
    type: bool
    default: true
  wait_timeout:
    description:
      - Time limit for the whole task in seconds, including waiting and retries.
    type: int
    default: 300
  poll_interval:
    description:
      - Seconds before the job is read again. The pause grows with each reading, up to 30 seconds.
    type: float
    default: 2.0
"""

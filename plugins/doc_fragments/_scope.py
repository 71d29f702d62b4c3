# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This doc fragment is private to the collection: it may change at any time.

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  svm:
    description:
      - The name of the SVM that the AKV configuration belongs to, meant literally.
      - Exactly one of O(svm), O(svm_uuid) and O(scope=cluster) says whose vault it is.
    type: str
    aliases: [vserver]
  svm_uuid:
    description:
      - The UUID of the SVM that the AKV configuration belongs to.
      - Exactly one of O(svm), O(svm_uuid) and O(scope=cluster) says whose vault it is.
    type: str
  scope:
    description:
      - V(cluster) is the cluster's own vault. It has to be asked for by name, so that an unset variable can never reach
        it. Later releases of ONTAP offer vaults for SVMs only; the cluster's refusal is passed on.
      - V(svm) may stand beside O(svm) or O(svm_uuid).
    type: str
    choices: [cluster, svm]
"""

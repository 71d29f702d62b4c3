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
      - The name of the SVM that the AKV configuration belongs to. It is taken literally, without wildcards.
      - Exactly one of O(svm), O(svm_uuid), and O(scope=cluster) is required.
    type: str
    aliases: [vserver]
  svm_uuid:
    description:
      - The UUID of the SVM that the AKV configuration belongs to.
      - Exactly one of O(svm), O(svm_uuid), and O(scope=cluster) is required.
    type: str
  scope:
    description:
      - V(cluster) selects the AKV configuration of the cluster itself. You must set it explicitly, so that an unset
        variable never selects the cluster. Later releases of ONTAP offer AKV configurations for SVMs only. The module
        then returns the error of ONTAP.
      - V(svm) may be given together with O(svm) or O(svm_uuid).
    type: str
    choices: [cluster, svm]
"""

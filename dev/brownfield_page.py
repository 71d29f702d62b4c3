# Copyright (c) 2026, the ontap.akv authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write docs/brownfield.md from the decision table that the modules go by: ``python3 -m dev.brownfield_page``."""

from __future__ import annotations

from dev.tables import ROOT, load

PAGE = ROOT / "docs" / "brownfield.md"

HEAD = """\
<!--
Copyright (c) 2026, the ontap.akv authors
SPDX-License-Identifier: GPL-3.0-or-later
Made from plugins/module_utils/_akv/migration.py: change that, then run python3 -m dev.brownfield_page
-->

# From onboard or KMIP keys to Azure Key Vault, and back

An SVM with encrypted volumes already has keys in a key manager: usually the onboard key manager (OKM) or KMIP servers
of the cluster. ONTAP can move these keys to an AKV configuration of the SVM without rewriting data. The collection
does not migrate keys. It checks the prerequisites (`akv_preflight_info`), creates the AKV configuration
(`akv_config`), and proves after each step which key manager holds which key (`akv_info` with `keys: true`).

A migration always runs between the key manager of the cluster and that of one SVM. It needs a destination. So the AKV
configuration comes first, and the migration second. The keys stay the same. After success, ONTAP deletes them from the
previous key manager.

## The steps, by release

`akv_preflight_info` names the steps for your release and key manager, from this table. "Inferred" means
that the vendor's API allows it, but that no page of the vendor describes it. Try it first with one SVM without
important data.

| from | to | releases | steps | source |
|---|---|---|---|---|
"""

TAIL = """
## Before you start

- [ ] `akv_preflight_info` for the SVM: all checks but `encrypted_volumes` and `key_manager` are `ok`.
- [ ] All nodes are up and run one release. No update is running.
- [ ] Every encrypted volume of the SVM is online, and none is being encrypted, rekeyed, or converted. Read
  `encryption.state`: `na_ontap_volume` of netapp.ontap 23.6.0 may stop waiting before a volume is encrypted.
- [ ] No volume of the SVM is in an NAE aggregate.
- [ ] The backup of the onboard key manager is saved outside of the cluster. It is a secret.
- [ ] The key works in Azure: `akv_key_info`.

## The steps, and what to read between them

The example moves the keys of SVM vs0 from the onboard key manager of cluster1 to AKV, on ONTAP 9.19.1. On an earlier
release, or from another key manager, use the steps that the table above and `akv_preflight_info` name. Commands that
begin with `security` or `volume` are for ONTAP's command line. `security key-manager key migrate` needs the privilege
level advanced. It may take several minutes.

To follow the steps without a cluster, start the [simulator](simulator.md) in a checkout, and copy the lines that it
prints into the terminal for the other commands. It does not have ONTAP's command line, so leave those commands out.
Write `127.0.0.1` for `cluster1.example.com`.

<!-- terminal: copied -->
```console
make simulator ARGS="--scenario docs/scenarios/brownfield.yml --port 0"
```

`inventory.yml` has one host for each cluster:

<!-- file: inventory.yml -->
```yaml
all:
  hosts:
    cluster1.example.com:
```

1. Save the backup of the onboard key manager.

   ```shell
   security key-manager onboard show-backup
   ```

2. Record which volumes are encrypted, with their state and junction path.

   ```shell
   volume show -vserver vs0 -is-encrypted true -fields state,junction-path
   ```

   `akv_preflight_info` counts them, and names the steps for the release:

   ```console
   ansible localhost -m ontap.akv.akv_preflight_info -a "svm=vs0"
   ```

   <!-- prints -->
   ```text
   SVM vs0 has 2 encrypted volumes … Their keys are held by the key manager okm of the cluster.
   "failed": 0
   ```

3. Create an inactive AKV configuration, with the role `akv_enable`, and enable it. `vs0.yml`:

   <!-- file: vs0.yml -->
   ```yaml
   akv_svm: vs0
   akv_enable_configuration: azure
   akv_enable_name: https://mykeyvault.vault.azure.net/
   akv_enable_key_id: https://mykeyvault.vault.azure.net/keys/key1
   akv_enable_client_id: aaaaaaaa-bbbb-aaaa-bbbb-aaaaaaaaaaaa
   akv_enable_tenant_id: cccccccc-dddd-cccc-dddd-cccccccccccc
   # The keys of the encrypted volumes are with another key manager. That is the reason for this page.
   akv_enable_allow_encrypted_volumes: true
   ```

   `secrets.yml` has the client secret. Encrypt a real one with [Ansible Vault](secrets.md):

   <!-- file: secrets.yml -->
   ```yaml
   akv_client_secret: the-client-secret
   ```

   ```console
   ansible-playbook ontap.akv.enable -i inventory.yml -e @vs0.yml -e @secrets.yml --check --diff
   ansible-playbook ontap.akv.enable -i inventory.yml -e @vs0.yml -e @secrets.yml
   ansible localhost -m ontap.akv.akv_config -a "svm=vs0 configuration=azure enabled=true"
   ```

   <!-- prints -->
   ```text
   would be created
   was created
   localhost | CHANGED
   ```

   If the release refuses with code 65537505 or 65537500, the message contains the way for this release. Without
   `akv_enable_configuration`, the role creates a configuration that is enabled from the start.

4. Read the state of the configuration. Continue only if Azure and every node are reachable. From ONTAP 9.16.1, the
   state of the key store is `mixed` now: ONTAP makes no new keys, and refuses new encrypted volumes and a rekey.

   ```console
   ansible localhost -m ontap.akv.akv_info -a "svm=vs0 keys=true"
   ```

   Expect every key in `held_elsewhere`:

   <!-- prints -->
   ```text
   "held_elsewhere": 2
   "held_here": 0
   ```

5. Migrate the keys of this one SVM, and wait for the end of the job.

   ```shell
   set -privilege advanced
   security key-manager key migrate -from-vserver cluster1 -to-vserver vs0
   ```

   If the connection is lost, do not repeat the command. Run step 6 first.

   On the simulator, type this instead. It replaces the two volumes with two that have their keys in AKV, as they have
   after the migration:

   ```console
   curl --silent --show-error --fail --cacert "$ONTAP_CA_PATH" "https://127.0.0.1:$ONTAP_PORT/simulator/events" \\
     -d '{"events": [{"delete_volume": {"svm": "vs0", "name": "vol1"}},
          {"delete_volume": {"svm": "vs0", "name": "vol2"}},
          {"create_volume": {"svm": "vs0", "name": "vol1", "encrypted": true}},
          {"create_volume": {"svm": "vs0", "name": "vol2", "encrypted": true}}]}'
   ```

6. Prove it.

   ```shell
   security key-manager key query -node *
   ```

   ```console
   ansible localhost -m ontap.akv.akv_info -a "svm=vs0 keys=true volumes=true"
   ```

   <!-- prints -->
   ```text
   "held_elsewhere": 0
   "held_here": 2
   "verdict": "healthy"
   ```

   | `keys` | meaning | what to do |
   |---|---|---|
   | all `held_here` | every key is in AKV and nowhere else | continue |
   | all `held_elsewhere` | nothing was moved | read the job, then run step 5 again |
   | some `held_by_both` | the migration is not finished, or the cleanup failed | run step 5 again |
   | some `unknown` | `reason` names what did not answer | make it answer, then read again |

   ONTAP 9.11.1 is the first release that reports which key manager holds a key. On earlier releases all are `unknown`.

7. Check that every volume is online and mounted, and that their number is the same. Watch for one polling interval
   (`akv_info` with `health_monitor: true`). A volume that returns may be online and not mounted: the event
   `km.volume.mount.fail`. Mount it by hand.

8. Only in a later change, after a period of observation: remove the previous key manager, if nothing else needs it.
   Other SVMs, root volumes of nodes, NAE aggregates, and self-encrypting drives may need it. When in doubt, leave it.

## Roll back

- Before step 5: delete the AKV configuration (role `akv_disable`). From 9.11.1, volumes with keys that another key
  manager provably holds do not prevent this.
- After step 5: migrate in the other direction (`-from-vserver vs0 -to-vserver cluster1`), as long as the previous key
  manager exists. Then prove it: every key in `held_elsewhere`. Then delete the AKV configuration.
- From ONTAP 9.16.1, the state of the key store is `mixed` before step 5. `akv_disable` and `akv_config` then delete the
  configuration only if every node proves that it holds no key and that every volume key is with another key manager.
  In any other case they refuse: finish the migration first. ONTAP itself refuses too while the configuration holds keys
  (65536867).
- Keep the key in Azure until then. Without it, ONTAP cannot read the keys to move them.

## What cannot be promised

- Whether ONTAP 9.7 to 9.18.1 refuses an AKV configuration (65537505) for an SVM with keys in the onboard key manager.
  The vendor's guide creates the configuration first. The vendor's API lists the refusal. Only a cluster can show which
  is true.
- Whether keys of KMIP servers can be migrated to AKV directly.
- That key-ids accept the UUID of an AKV configuration on every release. If not (65537125), `keys` are `unknown`.
- How long it takes. No event reports the end of a migration: watch the job, the state, and the keys.

If nothing else works: create a new SVM with AKV, copy the volumes with SnapMirror, and cut over.

## Special platforms

- MetroCluster: ONTAP refuses AKV (65537506).
- Cloud Volumes ONTAP has no onboard key manager. So it cannot be a step on the way to AKV, or a destination.
- An onboard key manager that exists only for one hop makes new aggregates NAE by default, which AKV does not protect.
  Set `security.software_data_encryption.disabled_by_default` first (inferred).

## Disaster recovery (SVM DR)

- [ ] The destination has a key manager of its own, OKM or KMIP. It makes keys of its own. The vendor does not
  name AKV.
- [ ] A failover has been tested without access to the key vault of the source.

## SVM migrate

- [ ] The destination cluster has a key manager of the cluster. The key manager of an SVM does not move with the SVM.
- [ ] After the move, the key manager of the destination cluster holds the keys: create an AKV configuration there, and
  migrate again.

## A node joins or is replaced

- [ ] OKM: synchronize the onboard key manager on the new node (`security key-manager onboard sync`). With
  `na_ontap_security_key_manager` of netapp.ontap 23.6.0, do not change the passphrase in the same task: it does not
  synchronize then.
- [ ] AKV: restore the keys (`akv_restore`).
- [ ] A giveback that ONTAP vetoes because keys are missing (`gb.sfo.veto.kmgr.keysmissing`): restore, then give back
  again.
- [ ] `akv_info` shows `healthy`, and every volume is online and mounted. The event `km.keyretrieve.failed` names a
  node that lacks keys.

## Upgrade

- [ ] No key store is in state `mixed`: finish the migration first. ONTAP's own pre-check reports an unfinished one.
- [ ] Azure and all KMIP servers are reachable.
- [ ] All keys are known and in one place: no `held_by_both`, no `unknown`.

## Revert

The vendor's pages do not name AKV for a revert. This is inferred:

- [ ] To a release before 9.14.1: delete inactive configurations first. One SVM has one configuration there.
- [ ] To a release before 9.10.1: migrate the keys back to the onboard key manager first, and delete the configurations.
- [ ] To a release before 9.11.1: prove the holders before the revert. Afterwards ONTAP does not report them.
"""


def page() -> str:
    """Give the whole page as text."""
    table = load("_akv/migration")
    rows = [
        f"| {table.NAMES[way.source]} | {table.NAMES[way.destination]} | {_releases(way.releases)} | {way.steps}"
        f" | {'documented' if way.documented else 'inferred'} |"
        for way in table.WAYS
    ]
    return HEAD + "\n".join(rows) + "\n" + TAIL


def _releases(span: str) -> str:
    first, dash, last = span.partition("-")
    if not dash:
        return f"{first} and later"
    return first if first == last else f"{first} to {last}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")

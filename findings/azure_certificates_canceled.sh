#!/usr/bin/env bash
# Copyright (c) 2026, the ontap.akv authors
# SPDX-License-Identifier: GPL-3.0-or-later

# @azure/keyvault-certificates 4.10.3 (npm): a creation that was canceled returns the former certificate.
#
# What happens: a key vault has a certificate, and beginCreateCertificate() asks for its next version. Somebody cancels
#   that, in the portal or because the certification authority does not answer. pollUntilDone() resolves to the former
#   version of the certificate. Nothing in it says that no other one was made. Where the creation fails with a reason,
#   pollUntilDone() throws it (checked here).
# Expected: it throws, as for a creation that failed. The readme says that the poller gives "the created certificate".
#   The library of the same name for Python returns the operation, with its status, instead of a certificate.
# Source: dist/esm/lro/create/operation.js, update(): each status besides "inProgress" ends the wait, and the newest
#   certificate is read then. Only the field "error" of the operation is looked at, which a canceled one does not need.
# Who meets it: who renews the certificate with which ONTAP logs in to Entra by a function or a pipeline in Node.js. It
#   registers the former certificate once more, gives it to ONTAP, and is green. ONTAP loses its key vault when that
#   certificate ends.
# What to do: compare properties.version or properties.expiresOn with that of the certificate before, or read "status"
#   of poller.getOperationState().certificateOperation. docs/azure.md says so. entra_app_info and the report show when
#   the certificates of an application end.
# Node.js 20.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --cache "$folder/npm" \
    @azure/keyvault-certificates@4.10.3 @azure/core-lro@2.7.2
openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
    -keyout key.pem -out certificate.pem 2> openssl.log
export HOME="$folder" NODE_EXTRA_CA_CERTS="$folder/certificate.pem"

cat > run.mjs << 'JAVASCRIPT'
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import { CertificateClient } from "@azure/keyvault-certificates";

const FORMER = "11111111111111111111111111111111";
const NEXT = "22222222222222222222222222222222";
const POLICY = { issuerName: "authority1", subject: "CN=ontap" };
let status, error, asked;

// A key vault with one version of a certificate. The next one is there if its operation is completed.
const files = { key: readFileSync("key.pem"), cert: readFileSync("certificate.pem") };
const server = createServer(files, (request, response) => {
  request.resume();
  const path = new URL(request.url, where).pathname;
  const headers = { "Content-Type": "application/json" };
  if (!request.headers.authorization) {
    headers["WWW-Authenticate"] = `Bearer authorization="https://login.example/tenant1", resource="${where}"`;
    response.writeHead(401, headers).end("{}");
    return;
  }
  asked.push(`${request.method} ${path.split("/").at(-1)}`);
  const operation = { id: `${where}/certificates/ontap/pending`, issuer: { name: "authority1" } };
  const answer = { status: 200, body: { ...operation, status, error } };
  if (path.endsWith("/create")) {
    answer.status = 202;
    answer.body.status = "inProgress";
    answer.body.error = undefined;
  } else if (!path.endsWith("/pending")) {
    const version = status === "completed" ? NEXT : FORMER;
    const id = `${where}/certificates/ontap/${version}`;
    answer.body = { id, attributes: { enabled: true }, policy: {}, cer: "AAAA" };
  }
  response.writeHead(answer.status, headers).end(JSON.stringify(answer.body));
});
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const where = `https://localhost:${server.address().port}`;
const credential = { getToken: async () => ({ token: "not-a-token", expiresOnTimestamp: Date.now() + 3600000 }) };
// It compares with names of Azure, which a server on this machine does not have.
const client = new CertificateClient(where, credential, { disableChallengeResourceVerification: true });
const { version } = JSON.parse(readFileSync("node_modules/@azure/keyvault-certificates/package.json"));
console.log("@azure/keyvault-certificates", version);
const seen = [];
for ([status, error] of [["completed"], ["failed", { code: "authority", message: "Refused." }], ["cancelled"]]) {
  asked = [];
  let outcome;
  try {
    const poller = await client.beginCreateCertificate("ontap", POLICY, { intervalInMs: 100 });
    outcome = `version ${(await poller.pollUntilDone()).properties.version}`;
  } catch (problem) {
    outcome = `${problem.name}: ${problem.message}`;
  }
  seen.push(outcome);
  console.log(`${status}: ${outcome}. Key Vault was asked for: ${asked.join(", ")}`);
}
server.close();
if (seen.join() !== `version ${NEXT},Error: Refused.,version ${FORMER}`) {
  console.error("Changed: a creation that was canceled no longer returns the former certificate.");
  process.exitCode = 1;
}
JAVASCRIPT
node run.mjs

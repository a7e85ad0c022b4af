#!/usr/bin/python3
"""Runs the containers of a pod's manifest, all from the same image.

pod.py MANIFEST ROOT VOLUMES COMMAND...

ROOT is the image's file system and VOLUMES a directory for the volumes. A container without a command
in the manifest runs COMMAND. Needs root and a mount namespace of its own."""

import json
import os
import subprocess
import sys
import types

import kubernetes.client
import yaml

manifest, root, volumes, *legacy = sys.argv[1:]
with open(manifest, encoding="utf-8") as file:
    asked = yaml.safe_load(file)


def must_contain(known, wanted, path="pod"):
    if isinstance(wanted, dict):
        for key, value in wanted.items():
            if key not in known:
                sys.exit(f"unknown to Kubernetes: {path}.{key}")
            must_contain(known[key], value, f"{path}.{key}")
    elif isinstance(wanted, list):
        for i, value in enumerate(wanted):
            must_contain(known[i], value, f"{path}[{i}]")
    elif known != wanted:
        sys.exit(f"{path}: {wanted} given, {known} understood")


def mount(source, target, read_only):
    subprocess.run(["mount", "--bind", source, target], check=True)
    if read_only:
        subprocess.run(["mount", "-o", "remount,bind,ro", target], check=True)


def run(container, command):
    locked_down = {**asked["spec"]["securityContext"], **container["securityContext"]}
    assert locked_down["runAsNonRoot"] == (locked_down["runAsUser"] != 0)
    assert not locked_down["allowPrivilegeEscalation"]
    assert locked_down["capabilities"]["drop"] == ["ALL"]
    capabilities = [f"+{name.lower()}" for name in locked_down["capabilities"].get("add", [])]
    assert not locked_down["runAsNonRoot"] or not capabilities

    places = [(f"{volumes}/{volume['name']}", root + volume["mountPath"], volume.get("readOnly"))
              for volume in container.get("volumeMounts", [])]
    for _, target, _ in places:
        os.makedirs(target, exist_ok=True)
    mount(root, root, locked_down["readOnlyRootFilesystem"])
    for source, target, read_only in places:
        mount(source, target, read_only)
    for source in "/proc", "/dev":
        mount(source, root + source, False)
    variables = [f"{variable['name']}={variable['value']}" for variable in container.get("env", [])]
    subprocess.run(["chroot", root, "setpriv", "--no-new-privs", "--clear-groups",
                    f"--reuid={locked_down['runAsUser']}", f"--regid={locked_down['runAsGroup']}",
                    "--inh-caps=-all", f"--bounding-set={','.join(['-all', *capabilities])}",
                    "env", "-i", "PATH=/usr/local/bin:/usr/bin:/usr/sbin", *variables, *command],
                   check=True)
    subprocess.run(["umount", "--recursive", root], check=True)


# What Kubernetes does not know is lost on the way to an object and back.
kubernetes_api = kubernetes.client.ApiClient()
pod = kubernetes_api.deserialize(types.SimpleNamespace(data=json.dumps(asked)), "V1Pod")
must_contain(kubernetes_api.sanitize_for_serialization(pod), asked)

for volume in asked["spec"].get("volumes", []):
    assert "emptyDir" in volume
    os.mkdir(f"{volumes}/{volume['name']}")
    os.chmod(f"{volumes}/{volume['name']}", 0o777)
for container in asked["spec"]["initContainers"]:
    run(container, container["command"])
for container in asked["spec"]["containers"]:
    run(container, legacy)

"""Images for tests with containers: built here, served by a registry on loopback as docker.io's mirror, under the names users type."""
import os
import pathlib
import subprocess

from cluster import BUILD, ROOT


class Images:
    def __init__(self, work):
        self.work = pathlib.Path(work)
        self.address = None
        self.built = ""

    def start(self):
        """Builds and serves them. Raises RuntimeError with the script's own words."""
        self.address = self._script("scripts/test-registry", "start", self.work / "registry").strip()
        self.built = self._script("scripts/test-images", self.work / "images", self.address)
        return self

    def examples(self, data):
        """Images of the programs in examples/, where the node agent of that data directory takes them. Their names."""
        return self._script("scripts/example-images", self.work / "images", pathlib.Path(data) / "images", K8C_BUILD=BUILD)

    def k8ctl(self, data):
        """Images of k8ctl-static, in the same place. Their names; "" when it was not built."""
        if not (BUILD / "k8ctl-static").exists():
            return ""
        return self._script("scripts/k8ctl-images", self.work / "images", pathlib.Path(data) / "images", K8C_BUILD=BUILD)

    def _script(self, script, *args, **env):
        done = subprocess.run([ROOT / script, *args], capture_output=True, text=True, env={**os.environ, **{k: str(v) for k, v in env.items()}})
        if done.returncode:
            raise RuntimeError(done.stderr)
        return done.stdout

    def configure(self, data):
        """Tells a cluster's node agent, before its start, to ask this registry for docker.io's images."""
        (pathlib.Path(data) / "registries.yaml").write_text(
            f'registries:\n- name: docker.io\n  endpoints: ["http://{self.address}"]\n')

    def stop(self):
        """Ends the registry and removes what was built; for images never started, too."""
        subprocess.run([ROOT / "scripts/test-registry", "stop", self.work / "registry"])
        subprocess.run([ROOT / "scripts/test-images", "--clean", self.work / "images"])

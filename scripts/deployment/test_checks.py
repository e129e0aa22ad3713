"""Each check must be able to fail: the project's own files, with one thing broken in each."""

import os
import unittest
from pathlib import Path
from unittest.mock import patch

import compose
import dockerfile
import processes

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ["POSTHASTE_BINARY"])
POSTGRES_URL = os.environ["POSTHASTE_TEST_POSTGRES_URL"]
IMAGE, IGNORE, SERVICES = (
    (ROOT / name).read_text() for name in ("Dockerfile", ".dockerignore", "docker-compose.yml")
)


def broken(text: str, old: str, new: str) -> str:
    assert old in text, f"the file has no {old!r} any more"
    return text.replace(old, new)


class Whole(unittest.TestCase):
    def expect(self, faults: list[str], fragment: str) -> None:
        self.assertTrue(any(fragment in fault for fault in faults), f"no {fragment!r} in {faults}")


class Dockerfile(Whole):
    def test_what_is_wrong_with_the_image_is_said(self) -> None:
        for old, new, fragment in [
            ("USER posthaste", "USER root", "as root"),
            ("USER posthaste", "", "as root"),
            ("USER posthaste", "USER 0:0", "as root"),
            ("USER posthaste", "USER somebody", "nobody made the user"),
            ("COPY . .", "COPY sources .", "there is no sources"),
            ("COPY . .", "COPY target/debug .", "keeps target/debug out"),
            ("--from=build ", "--from=builder ", "no such stage"),
            ("site dashboard/dist/site", "site dashboard/dist", "nobody puts the dashboard"),
            ("/usr/local/bin/posthaste", "/opt/posthaste", "has no posthaste"),
            ('CMD ["serve"]', "CMD serve", "not in the form of a list"),
            ('CMD ["bash"', 'NONE ["bash"', "HEALTHCHECK has no command"),
            ("debian:bookworm-slim", "debian", "names no version"),
            ("debian:bookworm-slim", "debian:latest", "names no version"),
        ]:
            with self.subTest(new=new):
                self.expect(dockerfile.faults(broken(IMAGE, old, new), IGNORE, ROOT), fragment)

    def test_what_the_build_needs_must_get_in_and_secrets_must_not(self) -> None:
        for old, new, fragment in [
            ("target\n", "target\n*.lock\n", "keeps Cargo.lock out"),
            ("target\n", "target\n**/*.lua\n", "push.lua out"),
            ("target\n", "target\n*.toml\n", "keeps posthaste.default.toml out"),
            ("target\n", "", "target/debug/posthaste is not kept out"),
            ("posthaste.key\n", "", "posthaste.key is not kept out"),
            (".env*\n", "", ".env is not kept out"),
            ("posthaste.key\n", "posthaste.key\n!posthaste.key\n", "posthaste.key is not kept out"),
        ]:
            with self.subTest(new=new):
                self.expect(dockerfile.faults(IMAGE, broken(IGNORE, old, new), ROOT), fragment)


class Compose(Whole):
    def test_what_is_wrong_with_the_services_is_said(self) -> None:
        for old, new, fragment in [
            ("restart: unless", "restrat: unless", "not by the compose specification"),
            ("retries: 30", "retries: [30]", "not by the compose specification"),
            ("    postgres:\n      condition", "    postgre:\n      condition", "no postgre to depend on"),
            ("source: prometheus\n", "source: other\n", "no config other"),
            ("deploy/prometheus.yml", "deploy/other.yml", "there is no ./deploy/other.yml"),
            ("\nvolumes:\n  postgres:\n", "\n", "there is no volume postgres"),
            ("image: redis:7", "image: redis", "names no version"),
            ("${POSTHASTE_MASTER_KEY:?openssl rand -base64 32}", "abc", "starts without POSTHASTE_MASTER_KEY"),
            ("0.0.0.0:8080", "127.0.0.1:8080", "does not listen"),
            ("redis://redis:", "redis://queue:", "there is no service queue"),
            ("POSTGRES_DB: posthaste", "POSTGRES_DB: other", "no such user, password or database"),
            ("stop_grace_period: 30s", "stop_grace_period: 20s", "less time than"),
            ("profiles: [monitoring]", "profiles: [other]", "not in the profile"),
        ]:
            with self.subTest(new=new):
                self.expect(compose.faults(broken(SERVICES, old, new), ROOT), fragment)


class Processes(Whole):
    def faults(self, image: str, services: str) -> list[str]:
        last = dockerfile.stages(image)[-1]
        return processes.faults(compose.load(services), last, BINARY, POSTGRES_URL)

    def test_a_process_that_tells_prometheus_nothing_is_noticed(self) -> None:
        with patch.object(compose, "METRICS_PATH", "/healthz"):
            self.expect(self.faults(IMAGE, SERVICES), "worker: tells Prometheus nothing")

    def test_what_does_not_run_is_said(self) -> None:
        processes.PATIENCE_S = 2
        for old, new, fragment in [
            ('CMD ["serve"]', 'CMD ["fly"]', "knows no fly"),
            ("200 OK", "204 OK", "api: does not become healthy"),
            ("exec 3<>/dev/tcp", "exit 0; exec 3<>/dev/tcp", "counts as healthy"),
        ]:
            with self.subTest(image=new):
                self.expect(self.faults(broken(IMAGE, old, new), SERVICES), fragment)
        for old, new, fragment in [
            ("command: [worker]", "command: [labourer]", "knows no labourer"),
            ("${POSTHASTE_MASTER_KEY:?openssl rand -base64 32}", "abc", "api: does not become healthy"),
            ("noeviction]", "nothing]", "redis: does not become healthy"),
            ("CMD-SHELL, pg_isready", "CMD-SHELL, no_isready", "its healthcheck fails"),
            ("CMD-SHELL, pg_isready", "CMD-SHELL, true", "its healthcheck cannot fail"),
        ]:
            with self.subTest(services=new):
                self.expect(self.faults(IMAGE, broken(SERVICES, old, new)), fragment)


if __name__ == "__main__":
    unittest.main()

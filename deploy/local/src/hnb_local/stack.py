"""The whole system on one machine: two servers, three services, and the order they come and go in."""

import http.client
import json
import os
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from hnb_local.errors import COULD_NOT, WRONG_USE, CommandFailed
from hnb_local.folder import SERVICES, DataFolder, Say
from hnb_local.processes import PORT_TRIES, Child, free_ports, is_free
from hnb_local.servers import check_addresses, start_broker, start_database
from hnb_local.supervisor import Supervisor, last_sentence

MAX_PORT = 65535
USUAL_PORT = 8001  # placements; the ledger and alerts follow
READY_SECONDS = 90
DRAIN_SECONDS = 20
PROBE_SECONDS = 5
POLL_SECONDS = 0.1
WRONG_SETTINGS = 2  # the status a service ends with when starting it again would not help
PORT_IN_USE = "address already in use"
OWN_PREFIX = "HNB_UP_"  # settings of this command itself, which the services are not told


class PortTaken(CommandFailed):
    """A port that was free when it was chosen is another's now."""

    def __init__(self, service: str) -> None:
        super().__init__(f"Another program took the port of {service} in this moment; start it again.")


class Stopped(CommandFailed):
    """Told to stop before everything was up."""

    def __init__(self) -> None:
        super().__init__("Stopped before the system was up.", 0)


class Stack:
    """The system, up from entering the context to leaving it.

    Enter it from a thread that lives as long as it does: on Linux the processes are told to stop when that thread
    ends. `port_base` gives the services that port and the next two; without it they take the usual ones where
    `usual_ports` is set and all three are free, else any. `stop`, once set, ends the waiting of a start.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        say: Say,
        broker_url: str | None = None,
        database_url: str | None = None,
        port_base: int | None = None,
        usual_ports: bool = False,
        durable: bool = True,
        stop: threading.Event | None = None,
    ) -> None:
        self.folder = DataFolder(data_dir, say)
        self.broker_url = broker_url or ""
        self.broker_urls: Mapping[str, str] = {}
        self.database_urls: Mapping[str, str] = {}
        self.finance_urls: Mapping[str, str] = {}
        self.urls: Mapping[str, str] = {}
        self._given_database = database_url
        self._port_wish = (port_base, usual_ports)
        self._durable = durable
        self._say = say
        self._stop = stop or threading.Event()
        self._exits = ExitStack()
        self._children: dict[str, Child] = {}
        self._watched = False

    def __enter__(self) -> "Stack":
        try:
            self._start()
        except BaseException:
            self._exits.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._exits.close()

    @property
    def processes(self) -> Mapping[str, int]:
        """The process id of every server and service of ours, as of now."""
        return {name: child.pid for name, child in self._children.items()}

    def wait_until_ready(self) -> None:
        """Waits until every service answers that it is ready: at the start, and again after one was killed."""
        deadline = time.monotonic() + READY_SECONDS
        waiting = list(SERVICES)
        while waiting:
            if self._stop.is_set():
                raise Stopped
            if not self._watched:
                self._refuse_dead_services()
            waiting = [service for service in waiting if not is_ready(self.urls[service])]
            if waiting and time.monotonic() > deadline:
                raise CommandFailed(self._why_not(waiting[0]))
            time.sleep(POLL_SECONDS if waiting else 0)

    def _start(self) -> None:
        check_addresses(self.broker_url or None, self._given_database)
        self._exits.enter_context(self.folder)
        ports = _choose_ports(*self._port_wish)
        supervisor = Supervisor(self._say)
        self._exits.callback(supervisor.release)
        database = start_database(self.folder, self._exits, self._given_database, durable=self._durable)
        database.migrate()
        broker = start_broker(self.folder, self._exits, self.broker_url or None, durable=self._durable)
        self.broker_url, self.broker_urls = broker.url, broker.urls
        self.database_urls, self.finance_urls = database.urls, database.finance_urls
        servers = [child for child in (database.child, broker.child) if child is not None]
        self._children = {child.name: child for child in servers}
        self._exits.callback(self._drain)
        self._start_services(ports)
        self._exits.callback(supervisor.hold)
        supervisor.watch(list(self._children.values()))
        self._watched = True
        self.folder.addresses.write_text(json.dumps(self.urls, indent=1) + "\n")

    def _start_services(self, ports: Sequence[int]) -> None:
        """On these ports; on others where one was taken in the same moment, and nobody wished for it."""
        for tries_left in reversed(range(PORT_TRIES)):
            try:
                self._start_services_on(dict(zip(SERVICES, ports, strict=True)))
                return
            except PortTaken:
                if self._port_wish[0] is not None or not tries_left:
                    raise
                self._drain()
                ports = free_ports(len(SERVICES))

    def _start_services_on(self, ports: Mapping[str, int]) -> None:
        self.urls = {service: f"http://127.0.0.1:{port}" for service, port in ports.items()}
        for service, port in ports.items():
            self._children[service] = self._service(service, port)
            self._children[service].start()
        self.wait_until_ready()
        for service, port in ports.items():
            if not self._children[service].listens_on(port):  # so another system answered that it is ready
                raise PortTaken(service)

    def _service(self, service: str, port: int) -> Child:
        outer = {name: value for name, value in os.environ.items() if not name.startswith(OWN_PREFIX)}
        environment = outer | {
            "HNB_DATABASE_URL": self.database_urls[service],
            "HNB_BROKER_URL": self.broker_urls[service],
            "HNB_HOST": "127.0.0.1",
            "HNB_PORT": str(port),
            "HNB_REPLICA": "0",
            "PYTHONUNBUFFERED": "1",
        }
        # -P: a folder named like a service, where the command happens to run, must not shadow the service.
        argv = [sys.executable, "-P", "-m", service]
        return Child(self.folder, service, argv, environment=environment, grace_seconds=DRAIN_SECONDS)

    def _refuse_dead_services(self) -> None:
        """Nothing is restarted before all was ready once: a service that cannot start says why, and that is all."""
        for service in SERVICES:
            status = self._children[service].exit_status()
            if status is not None:
                if any(PORT_IN_USE in line for line in self._children[service].tail()):
                    raise PortTaken(service)
                raise CommandFailed(self._why_not(service), WRONG_USE if status == WRONG_SETTINGS else COULD_NOT)

    def _why_not(self, service: str) -> str:
        child = self._children[service]
        if child.exit_status() == WRONG_SETTINGS:
            return f"{last_sentence(child)}."
        said = "\n  ".join(child.tail())
        return f"{service} did not become ready; its log, {child.log}, ends with:\n  {said}"

    def _drain(self) -> None:
        """Tells all services at once, so that they drain side by side, and waits for each."""
        services = [self._children[service] for service in SERVICES if service in self._children]
        for child in services:
            child.ask_to_stop()
        with ExitStack() as waits:
            for child in services:
                waits.callback(child.stop)


def is_ready(url: str) -> bool:
    """Whether the service at this address answers that it is ready."""
    host = url.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=PROBE_SECONDS)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _choose_ports(base: int | None, usual: bool) -> list[int]:
    if base is not None:
        ports = list(range(base, base + len(SERVICES)))
        if ports[-1] > MAX_PORT:
            raise CommandFailed(f"--port-base is at most {MAX_PORT - len(SERVICES) + 1}.", WRONG_USE)
        taken = [port for port in ports if not is_free(port)]
        if taken:
            raise CommandFailed(f"Port {taken[0]} is in use; choose another --port-base.")
        return ports
    ports = list(range(USUAL_PORT, USUAL_PORT + len(SERVICES)))
    return ports if usual and all(map(is_free, ports)) else free_ports(len(SERVICES))

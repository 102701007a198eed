"""What each control request does: to routers and transports here, to producers in ``producing``, to
consumers in ``consuming``."""

from collections.abc import Callable, Mapping

from media import codecs, control, inventory, negotiation
from media.consuming import Consuming
from media.dtls import SUPPORTED_DIGESTS
from media.ice import new_credentials
from media.parameters import DtlsParameters, IceCandidate, IceParameters, TransportParameters
from media.producing import Producing
from media.registry import Registry
from media.requests import Method, Refused
from media.router import Router
from media.transport import Surroundings, Transport

MOST_OCTETS_BESIDE = 4 * 1024 * 1024


class Operations:
    """One method per request. ``candidates``: where browsers are told to send to. ``give_way``: has a transport's
    pictures wait for so many octets from now on."""

    def __init__(
        self,
        registry: Registry,
        around: Surroundings,
        candidates: tuple[IceCandidate, ...],
        give_way: Callable[[Transport, int, float], None],
    ) -> None:
        self._registry = registry
        self._yields = give_way
        self._around = around
        self._candidates = candidates
        self._methods: Mapping[type, Method] = {
            control.OpenRouter: self._open_router,
            control.CloseRouter: self._close_router,
            control.OpenTransport: self._open_transport,
            control.ConnectTransport: self._connect_transport,
            control.RestartIce: self._restart_ice,
            control.CloseTransport: self._close_transport,
            control.GiveWay: self._give_way,
            control.TakeInventory: self._take_inventory,
            control.TakeStats: self._take_stats,
            **Producing(registry, around).methods,
            **Consuming(registry, around).methods,
        }

    async def carry_out(self, request: control.Request) -> control.Reply:
        """Raises Refused."""
        method = self._methods.get(type(request))
        if method is None:
            raise Refused("invalid", f"no such request: {type(request).__name__}")
        try:
            return await method(request)
        except negotiation.NotAcceptable as error:
            raise Refused(error.code, error.detail) from None

    async def _open_router(self, request: control.OpenRouter) -> control.Reply:
        router = self._registry.routers.get(request.router)
        if router is None:
            router = self._registry.routers[request.router] = Router(request.router)
        return control.RouterOpened(router.instance, codecs.router_capabilities())

    async def _close_router(self, request: control.CloseRouter) -> control.Reply:
        await self._registry.close_router(request.router)
        return control.Done()

    async def _open_transport(self, request: control.OpenTransport) -> control.Reply:
        router = self._registry.router(request.router)
        transport = self._registry.transports.get(request.transport)
        if transport is None:
            transport = Transport(request.transport, router, request.peer, request.direction, self._around)
            self._registry.add_transport(transport, router)
        elif transport.router is not router or transport.direction != request.direction:
            raise Refused("invalid", "a transport of this id is open and different")
        ufrag, password = transport.ice.credentials
        return control.TransportOpened(
            TransportParameters(
                id=transport.id,
                ice_parameters=IceParameters(ufrag, password, True),
                ice_candidates=self._candidates,
                dtls_parameters=DtlsParameters("server", self._around.certificate.fingerprints),
            )
        )

    async def _connect_transport(self, request: control.ConnectTransport) -> control.Reply:
        transport = self._registry.transport(request.transport)
        parameters = request.dtls_parameters
        if parameters.role == "server":
            raise Refused("invalid", "the server's side of DTLS is ours")
        if not any(f.algorithm in SUPPORTED_DIGESTS for f in parameters.fingerprints):
            raise Refused("unsupported", "no fingerprint by SHA-256, SHA-384 or SHA-512")
        if transport.remote is None:
            transport.connect(parameters)
        elif transport.remote.fingerprints != parameters.fingerprints:
            raise Refused("invalid", "the transport is connected to another fingerprint")
        return control.Done()

    async def _restart_ice(self, request: control.RestartIce) -> control.Reply:
        transport = self._registry.transport(request.transport)
        credentials = new_credentials()
        gone = transport.ice.restart(credentials)
        self._registry.network.add(credentials.ufrag, transport, gone)
        self._around.counters.ice_restarts += 1
        return control.IceRestarted(IceParameters(credentials.ufrag, credentials.password, True))

    async def _close_transport(self, request: control.CloseTransport) -> control.Reply:
        transport = self._registry.transports.get(request.transport)
        if transport is not None:
            await self._registry.close_transport(transport)
        return control.Done()

    async def _give_way(self, request: control.GiveWay) -> control.Reply:
        transport = self._registry.transport(request.transport)
        if not 0 <= request.octets <= MOST_OCTETS_BESIDE:
            raise Refused("invalid", "nobody waits for so much")
        self._yields(transport, request.octets, self._around.clock())
        return control.Done()

    async def _take_inventory(self, _request: control.TakeInventory) -> control.Reply:
        self._registry.sweep()
        return inventory.inventory(self._registry)

    async def _take_stats(self, _request: control.TakeStats) -> control.Reply:
        self._registry.sweep()
        return inventory.statistics(self._registry, self._around.counters)

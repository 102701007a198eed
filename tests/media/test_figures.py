"""What a worker says of each router for monitoring, and of lines to a gateway that comes anew."""

from media import control
from media.figures import of_router
from tests.media.house import house, until, video_parameters

LINK = control.Link("p", 1, "link_down", down=8_000, spare=2_000)


async def test_each_router_has_figures_of_its_own():
    async with house() as home:
        await home.ask(control.OpenRouter("empty"), control.RouterOpened)
        await home.join("t", "send")
        await home.join("s", "recv")
        await home.produce("t", "screen", "video", video_parameters())
        await home.consume("s", "c", "screen")
        await until(lambda: any(isinstance(notice, control.LinksChanged) for notice in home.notices))
        routers = (await home.ask(control.TakeStats(), control.Stats)).routers
        assert routers["r"]["transports_connected"] == 2
        assert (routers["r"]["producers"], routers["r"]["consumers"]) == (1, 1)
        assert routers["r"]["bars_min"] == 4
        assert routers["empty"]["consumers"] == 0
        assert "bars_min" not in routers["empty"]
        told = (await home.ask(control.TakeInventory(), control.Inventory)).links
        assert {(links.router, link.peer) for links in told for link in links.links} == {
            ("r", "peer t"),
            ("r", "peer s"),
        }
        router = home.worker.registry.routers["r"]
        held = {"p": control.ConsumersHeld("r", "p", ("c", "d"), voice_only=True)}
        values = of_router(router, (LINK, control.Link("q", 4)), held)
        assert (values["consumers_held"], values["peers_voice_only"], values["lines_weak"]) == (2, 1, 1)
        assert values["down_octets_per_second_min"] == values["down_octets_per_second_median"] == 8_000


async def test_a_lost_line_has_no_bars():
    async with house() as home:
        await home.join("t", "send")
        home.worker.registry.transports["t"].lose_path()

        def bars() -> list[int]:
            told = [n for n in home.notices if isinstance(n, control.LinksChanged)]
            return [link.bars for notice in told for link in notice.links]

        await until(lambda: bars()[-1:] == [0])

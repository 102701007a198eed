"""A subscriber's line through a real worker: what is told, what is held."""

from media import control
from tests.media.house import house, until, video_parameters
from tests.media.test_loopback import lesson, send_video


async def test_links_are_told_once_a_second_when_they_change():
    async with house() as home:
        teacher, _, got, _ = await lesson(home)
        send_video(teacher, range(5), keys=(0,))
        await until(lambda: len(got) == 5)

        def told() -> dict[str, control.Link]:
            changed = [n for n in home.notices if isinstance(n, control.LinksChanged)]
            return {link.peer: link for notice in changed for link in notice.links}

        await until(lambda: len(told()) == 2)
        assert {link.bars for link in told().values()} == {4}
        assert {link.reason for link in told().values()} == {""}
        assert not [n for n in home.notices if isinstance(n, control.ConsumersHeld)]


async def test_what_is_text_is_known_by_its_content_hint():
    async with house() as home:
        await home.join("t", "send")
        parameters = video_parameters()
        await home.ask(control.Produce("t", "p", "video", parameters, content="detail"), control.Done)
        assert home.worker.registry.producers["p"].is_detailed

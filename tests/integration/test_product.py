"""The whole product by its sockets, without a browser: starting, stopping, outliving a killed gateway."""

import asyncio
import json
import os
import signal
import subprocess
from pathlib import Path

import aiohttp
import pytest

from classroom.lesson.state import Admission
from signaling.wire import client as ask
from tests.clients.lesson_socket import LessonSocket, Refused, SignedIn
from tests.product import ROOT, Product


def test_it_is_healthy_when_it_says_ready(product: Product) -> None:
    assert product.get("/healthz")
    assert product.get("/readyz")
    roles = product.roles()
    assert {role: len(found) for role, found in roles.items()} == {
        "gateway": 1,
        "media": 1,
        "recorder": 1,
        "supervisor": 1,
    }


def test_its_documents_are_served(product: Product) -> None:
    assert json.loads(product.get("/api/openapi.json"))["openapi"].startswith("3.1")
    assert json.loads(product.get("/api/protocol.json"))
    assert "<html" in product.get("/login").lower()


def test_the_password_is_in_no_log(product: Product) -> None:
    assert product.password not in product.output()


async def test_a_student_is_let_in_by_the_sockets(product: Product) -> None:
    async with SignedIn(product.url) as teacher, SignedIn(product.url) as student:
        await teacher.sign_in("teacher", product.password)
        await student.sign_in("student1", product.password)
        lesson = await teacher.new_lesson("By socket")
        await teacher.call("POST", f"/api/lessons/{lesson}/start")
        async with LessonSocket(teacher, lesson) as host, LessonSocket(student, lesson) as guest:
            await host.ask(ask.Knock)
            await guest.ask(ask.Knock)
            assert guest.view is not None
            assert guest.view.you.admission is Admission.KNOCKING
            assert guest.view.people == ()
            with pytest.raises(Refused) as refused:
                await guest.ask(ask.OpenTransport, send=False)
            assert refused.value.code == "not_admitted"
            waiting = await host.until(lambda: host.view.waiting if host.view else ())
            await host.ask(ask.Admit, participant=waiting[0].id)
            await guest.until(lambda: guest.admitted)
            await host.until(lambda: host.view is not None and len(host.view.people) == 2)


async def test_a_killed_gateway_asks_nobody_again(own_product: Product) -> None:
    product = own_product
    async with SignedIn(product.url) as teacher, SignedIn(product.url) as student:
        await teacher.sign_in("teacher", product.password)
        await student.sign_in("student1", product.password)
        lesson = await teacher.new_lesson("Outlived")
        await teacher.call("POST", f"/api/lessons/{lesson}/start")
        async with LessonSocket(teacher, lesson) as host, LessonSocket(student, lesson) as guest:
            await host.ask(ask.Knock)
            await guest.ask(ask.Knock)
            await host.ask(ask.AdmitClass)
            await guest.until(lambda: guest.admitted)
            await guest.ask(ask.Chat, text="còn đây")
            product.kill_role("gateway")
        back = await reconnected(student, lesson)
        try:
            assert back.admitted
            assert back.view is not None
            assert [message.text for message in back.view.messages] == ["còn đây"]
        finally:
            await back.close()


async def reconnected(account: SignedIn, lesson: str) -> LessonSocket:
    """As a browser does: try until the gateway answers again."""
    deadline = asyncio.get_running_loop().time() + 15
    while True:
        socket = LessonSocket(account, lesson)
        try:
            await socket.connect()
        except (aiohttp.ClientError, ConnectionError):
            await socket.close()
            assert asyncio.get_running_loop().time() < deadline, "the gateway did not come back"
            await asyncio.sleep(0.1)
        else:
            return socket


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_it_says_goodbye_and_ends(tmp_path: Path, number: signal.Signals) -> None:
    product = Product(tmp_path / "product").start()
    try:
        async with SignedIn(product.url) as teacher:
            await teacher.sign_in("teacher", product.password)
            lesson = await teacher.new_lesson("Cut short")
            await teacher.call("POST", f"/api/lessons/{lesson}/start")
            async with LessonSocket(teacher, lesson) as host:
                await host.ask(ask.Knock)
                os.kill(product.pid, number)
                await host.until(lambda: host.bye)
                assert host.bye == "shutting_down"
        # Asked a second time it would hurry; once must do.
        product.stop_wait()
    finally:
        product.keep_evidence("goodbye")
        product.kill()


def test_the_same_data_is_there_after_a_restart(tmp_path: Path) -> None:
    product = Product(tmp_path / "product").start()
    try:
        product.stop()
        product.start()
        product.stop()
    finally:
        product.kill()


def test_a_taken_port_is_said_in_plain_words(product: Product, tmp_path: Path) -> None:
    second = Product(tmp_path / "second")
    second.port = product.port
    answer = subprocess.run(second.command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert answer.returncode != 0
    assert str(product.port) in answer.stdout + answer.stderr
    assert "Traceback" not in answer.stdout + answer.stderr

"""What the board's handlers share, by typed name."""

import asyncio

from aiohttp import web

from streams.board.access import Access
from streams.board.answers import Answers
from streams.board.floor.answers import FloorAnswers
from streams.board.page import Page
from streams.board.reader import Reader
from streams.board.worker_pages import WorkerPages

ACCESS = web.AppKey("access", Access)
ANSWERS = web.AppKey("answers", Answers)
FLOOR = web.AppKey("floor", FloorAnswers)
READER = web.AppKey("reader", Reader)
PAGES = web.AppKey("pages", WorkerPages)
PAGE = web.AppKey("page", Page)
STOPPING = web.AppKey("stopping", asyncio.Event)

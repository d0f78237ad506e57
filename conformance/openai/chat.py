"""OpenAI's own client against a gateway: what it makes of answers, streams and refusals."""

import asyncio
import json
import os

import openai
from openai import AsyncOpenAI, OpenAI

BASE = os.environ["GATEWAY_URL"] + "/v1"
KEY, POOR_KEY = os.environ["GATEWAY_KEY"], os.environ["POOR_KEY"]
HI = [{"role": "system", "content": "be brief"}, {"role": "user", "content": "hi"}]


def say(**facts):
    """One line for the test that runs the script."""
    print(json.dumps(facts), flush=True)


def client(key=KEY, **options):
    return OpenAI(api_key=key, base_url=BASE, max_retries=0, timeout=30, **options)


def error_of(call, *arguments, **options):
    """What the client makes of a refusal."""
    try:
        call(*arguments, **options)
    except openai.APIStatusError as error:
        return {
            "type": type(error).__name__,
            "status": error.status_code,
            "code": error.code,
            "param": error.param,
            "request_id": bool(error.request_id),
            "message": error.body["message"],
        }
    except openai.APIError as error:
        return {"type": type(error).__name__, "code": error.code, "message": error.message}
    return None


mine = client()
chat = mine.chat.completions.create

say(models=[model.id for model in mine.models.list()], one=mine.models.retrieve("org/chat").id)

whole = chat(model="org/chat", messages=HI, temperature=0.2, max_tokens=50, seed=1, user="ada")
say(
    whole=whole.choices[0].message.content,
    role=whole.choices[0].message.role,
    finish=whole.choices[0].finish_reason,
    usage=whole.usage.model_dump(include={"prompt_tokens", "completion_tokens", "total_tokens"}),
    object=whole.object,
    has_id=whole.id.startswith("chatcmpl-"),
)
raw = mine.chat.completions.with_raw_response.create(model="org/chat", messages=HI)
say(uid=raw.headers["x-assay-uid"], has_request_id=raw.request_id.startswith("req_"))

chunks = list(chat(model="org/chat", messages=HI, stream=True, stream_options={"include_usage": True}))
say(
    streamed="".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices),
    pieces=len(chunks),
    streamed_finish=[chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1],
    streamed_usage=chunks[-1].usage.total_tokens,
    one_id=len({chunk.id for chunk in chunks}) == 1,
)

# The helper that gathers a stream into a whole answer.
with mine.chat.completions.stream(model="org/chat", messages=HI) as stream:
    for _ in stream:
        pass
    say(gathered=stream.get_final_completion().choices[0].message.content)


async def asynchronous():
    async with AsyncOpenAI(api_key=KEY, base_url=BASE, max_retries=0) as other:
        stream = await other.chat.completions.create(model="org/chat", messages=HI, stream=True)
        return "".join([chunk.choices[0].delta.content or "" async for chunk in stream])


say(asynchronous=asyncio.run(asynchronous()))

poor = client(POOR_KEY).chat.completions.create
poor(model="org/chat", messages=HI)
say(
    bad_key=error_of(client("sk-wrong").models.list),
    unknown_model=error_of(chat, model="gpt-9", messages=HI),
    no_such_model=error_of(mine.models.retrieve, "gpt-9"),
    quota=error_of(poor, model="org/chat", messages=HI),
    too_long=error_of(chat, model="org/chat", messages=[{"role": "user", "content": "x" * 5000}]),
    tools=error_of(
        chat,
        model="org/chat",
        messages=HI,
        tools=[{"type": "function", "function": {"name": "f", "parameters": {}}}],
    ),
    embeddings=error_of(mine.embeddings.create, model="org/chat", input="x"),
)

# The miners of this model break off in the middle.
seen = []


def broken():
    for chunk in chat(model="breaks", messages=HI, stream=True):
        seen.append(chunk.choices[0].delta.content or "")


say(broken=error_of(broken), seen="".join(seen), broken_whole=error_of(chat, model="breaks", messages=HI))

"""OpenAI's own client asks for an answer with log-probabilities: what it sends, and what it makes of what comes back.

Argument: the API's base. Prints one JSON object.
"""

import json
import sys

from openai import OpenAI

client = OpenAI(api_key="sk-any", base_url=sys.argv[1], max_retries=0, timeout=30)
answer = client.chat.completions.create(
    model="small",
    messages=[{"role": "user", "content": "Hi"}],
    max_tokens=9,
    temperature=0,
    logprobs=True,
    top_logprobs=2,
)
choice = answer.choices[0]
print(
    json.dumps(
        {
            "text": choice.message.content,
            "tokens": [token.bytes for token in choice.logprobs.content],
            "likeliest": [
                [[other.token, other.logprob] for other in token.top_logprobs] for token in choice.logprobs.content
            ],
        }
    ),
    flush=True,
)

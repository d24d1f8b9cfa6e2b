"""Serves a PyTorch model in the usual way: FastAPI on uvicorn, one process, one sequence per request."""
import socket

import openblas  # noqa: F401: before PyTorch
import torch
import uvicorn
from classifier import Classifier
from fastapi import FastAPI
from pydantic import BaseModel

torch.set_num_threads(1)
model = Classifier(50, 32, 64).eval()
LABELS = ["odd", "even"]
app = FastAPI()


class Request(BaseModel):
    tokens: list[int]


@app.post("/predict")
def predict(request: Request):
    with torch.inference_mode():
        probabilities = torch.softmax(model(torch.tensor([request.tokens])), dim=1)[0]
    best = int(probabilities.argmax())
    return {
        "run": "20260101-000000-abcd",
        "round": 140,
        "digest": "0123456789abcdef" * 4,
        "class": best,
        "label": LABELS[best],
        "probabilities": probabilities.tolist(),
    }


if __name__ == "__main__":
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False)).run(sockets=[listener])

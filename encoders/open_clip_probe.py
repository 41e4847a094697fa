"""Asks in a process of its own whether an open_clip model can be had: `python -m encoders.open_clip_probe`.

Knowing its names takes importing open_clip, and with it torchvision, timm and transformers: 0.4 GB, which a process
that ends up with the stand-in would keep for nothing.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from domain.errors import ConfigError
from encoders.options import EncoderOptions
from encoders.weights import WeightsUnavailable


def require_open_clip(name: str, options: EncoderOptions) -> None:
    """Raises ConfigError for a name that is wrong, WeightsUnavailable when its weights can't be had now."""
    question = json.dumps({"name": name, **asdict(options), "cache_dir": str(options.cache_dir)})
    done = subprocess.run(
        [sys.executable, "-m", "encoders.open_clip_probe", question], stdout=subprocess.PIPE, text=True, check=True
    )
    answer = json.loads(done.stdout.splitlines()[-1])
    if answer["mistakes"]:
        raise ConfigError(answer["mistakes"])
    if answer["unavailable"]:
        raise WeightsUnavailable(answer["unavailable"])


def _answer(name: str, options: EncoderOptions) -> dict[str, object]:
    from encoders.open_clip_names import parse_choice
    from encoders.open_clip_pictures import find_weights, require_download

    try:
        choice = parse_choice(name)
        if find_weights(choice, options) is None:
            require_download(choice, options)
    except ConfigError as error:
        return {"mistakes": error.mistakes, "unavailable": None}
    except WeightsUnavailable as error:
        return {"mistakes": (), "unavailable": str(error)}
    return {"mistakes": (), "unavailable": None}


if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    wanted = asked.pop("name")
    print(json.dumps(_answer(wanted, EncoderOptions(**asked | {"cache_dir": Path(asked["cache_dir"])}))))

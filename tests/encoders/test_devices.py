"""Devices that are not there, and torchvision beside a torch it was not built for."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from domain.errors import ConfigError
from encoders import EncoderOptions
from encoders.devices import prepare_device


@pytest.mark.parametrize("name", ["cuda:99", "abacus", ""])
def test_a_device_that_is_not_here_is_told(name: str, options: EncoderOptions) -> None:
    with pytest.raises(ConfigError, match="name one of cuda"):
        prepare_device(replace(options, device=name))


def test_without_a_wish_there_is_a_device(options: EncoderOptions) -> None:
    assert prepare_device(replace(options, device=None)).type in ("cuda", "mps", "cpu")


def test_torchvision_is_importable_and_its_transforms_work() -> None:
    """In a process of its own, as the import happens once."""
    code = (
        "from encoders.torchvision_shim import make_torchvision_importable as make\n"
        "make(); make()\n"
        "import numpy, torchvision.transforms as t\n"
        "from PIL import Image\n"
        "picture = Image.fromarray(numpy.zeros((9, 9, 3), 'u1'))\n"
        "print(tuple(t.Compose([t.Resize(4), t.CenterCrop(4), t.ToTensor()])(picture).shape)); make()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.strip() == "(3, 4, 4)"

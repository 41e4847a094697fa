"""A folder like COCO's: captions_*.json, and the pictures beside it or in a folder there (val2017/, images/).

Each picture's first five captions ask for it, as is usual (Karpathy and Fei-Fei, CVPR 2015): a few pictures have six or
seven. (COCO: Lin et al., "Microsoft COCO: Common Objects in Context", ECCV 2014.)
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path, PurePosixPath

from pydantic import BaseModel, ConfigDict, ValidationError

from domain.errors import ConfigError
from nowseen.retrieval.dataset import Item, Media, Query, RetrievalDataset, raise_mistakes
from nowseen.retrieval.reading import read_text

CAPTIONS = "captions_*.json"
CAPTIONS_A_PICTURE = 5


class _Picture(BaseModel):
    model_config = ConfigDict(extra="ignore")

    id: int
    file_name: str


class _Caption(BaseModel):
    model_config = ConfigDict(extra="ignore")

    id: int
    image_id: int
    caption: str


class _Captions(BaseModel):
    model_config = ConfigDict(extra="ignore")

    images: list[_Picture]
    annotations: list[_Caption]


def captions_in(folder: Path) -> list[Path]:
    found = (path for place in (folder, folder / "annotations") for path in place.glob(CAPTIONS))
    return sorted(path for path in found if path.is_file())


def coco_folder(folder: Path) -> RetrievalDataset:
    """Raises ConfigError for what is missing or malformed."""
    files = captions_in(folder)
    if len(files) != 1:
        names = ", ".join(file.name for file in files)
        raise ConfigError(f"{folder} holds {len(files)} files {CAPTIONS} ({names}); leave the one to be measured")
    [path] = files
    try:
        found = _Captions.model_validate_json(read_text(path))
    except ValidationError as error:
        raise_mistakes(
            str(path),
            [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors(include_url=False)],
        )
    places = [folder, *sorted(place for place in folder.iterdir() if place.is_dir())]
    mistakes: list[str] = []
    items: list[Item] = []
    for picture in found.images:
        try:
            items.append(Item(str(picture.id), "scene", Media(_find(places, picture.file_name))))
        except ValueError as error:
            mistakes.append(str(error))
    if mistakes:
        raise_mistakes(str(path), mistakes)
    asked: Counter[int] = Counter()
    queries: list[Query] = []
    for caption in sorted(found.annotations, key=lambda each: each.id):
        asked[caption.image_id] += 1
        if asked[caption.image_id] <= CAPTIONS_A_PICTURE:
            queries.append(Query(str(caption.id), "text", {str(caption.image_id): 1.0}, caption.caption.strip()))
    return RetrievalDataset(path.stem.removeprefix("captions_"), tuple(items), tuple(queries))


def _find(places: list[Path], name: str) -> Path:
    if not name or "\0" in name or PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
        raise ValueError(f"{name!r} is no file name of a picture")
    for place in places:
        if (path := place / name).is_file():
            return path
    raise ValueError(f"the picture {name!r} is neither in {places[0]} nor in a folder there")

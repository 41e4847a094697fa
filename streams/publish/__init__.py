"""Publishing: files, folders, addresses and lines of text to the media topics."""

from streams.publish.delivery import Delivery, DeliveryOptions
from streams.publish.options import PublishOptions, SourceFailed
from streams.publish.publication import Publication, Report, SourceProgress
from streams.publish.sources import Source, SourceKind, find_sources
from streams.publish.texts import parse_time

__all__ = [
    "Delivery",
    "DeliveryOptions",
    "Publication",
    "PublishOptions",
    "Report",
    "Source",
    "SourceFailed",
    "SourceKind",
    "SourceProgress",
    "find_sources",
    "parse_time",
]

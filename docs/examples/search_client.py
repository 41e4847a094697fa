"""Search a node and keep the clip of the best moment: python search_client.py URL "a red car" clip.mp4"""

import sys
from pathlib import Path

from nowseen.client import NodeDown, NodeRefused, Nowseen

url, query, file = sys.argv[1:]
try:
    with Nowseen(url) as node:
        answer = node.search(query, since="1d", limit=5)
        for moment in answer.moments:
            who = ", ".join(speaker.label for speaker in moment.speakers)
            print(f"{moment.start:%H:%M:%S} {moment.source} {moment.score:.2f} {who} {moment.text}")
        if not answer.moments:
            # What happened later than this is not indexed yet, and may still turn up.
            print("nothing up to", dict(answer.complete_until))
        elif answer.moments[0].clip_url:
            print("saved", node.save_clip(answer.moments[0], Path(file)))
except NodeRefused as refused:
    here = f": {query[refused.at.start : refused.at.end]}" if refused.at else ""
    sys.exit(f"{refused}{here}")
except NodeDown as down:  # worth another try
    sys.exit(str(down))

"""Ops sync — bring closed segments to S3, and delete what is proven there."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from botmm.cli.options import Span, examples, json_option, output_options
from botmm.cli.terminal import terminal
from botmm.errors import VenueError


@click.command(
    epilog=examples(
        "botmm ops sync --capture data/capture --to s3://BUCKET/HOST",
        "botmm ops sync --capture data/capture --to s3://BUCKET/HOST --grace-hours 72",
    )
)
@output_options
@json_option
@click.option(
    "--capture",
    required=True,
    envvar="BOTMM_CAPTURE",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="The recorder's folder (BOTMM_CAPTURE).",
)
@click.option(
    "--to",
    "url",
    required=True,
    envvar="BOTMM_S3_URL",
    metavar="s3://BUCKET/PREFIX",
    help="Where segments go; a prefix of this host's own (BOTMM_S3_URL).",
)
@click.option(
    "--grace-hours",
    default=24.0,
    show_default=True,
    envvar="BOTMM_S3_GRACE_HOURS",
    type=Span(0.0),
    help="How long a segment stays after it was read back (BOTMM_S3_GRACE_HOURS).",
)
@click.option(
    "--endpoint", default="", envvar="BOTMM_S3_ENDPOINT", help="Of a store other than Amazon's."
)
@click.option(
    "--owner", default="", envvar="BOTMM_S3_OWNER", help="Account that the bucket has to be of."
)
def sync(
    *, capture: Path, url: str, grace_hours: float, endpoint: str, owner: str, as_json: bool
) -> None:
    """Upload closed segments, read each back in full, delete it after the grace time.

    Right before a deletion the object is read back once more. Whatever fails keeps the local file.
    """
    from botmm.clock import SystemClock
    from botmm.ops.s3 import S3Bucket, target_of
    from botmm.ops.shelf import Shelf
    from botmm.ops.sync import Sync

    target, shown = target_of(url, endpoint=endpoint, owner=owner), terminal()
    job = Sync(
        Shelf(capture),
        S3Bucket(target),
        SystemClock(),
        prefix=target.prefix,
        grace_s=grace_hours * 3600.0,
    )
    done = job.run()
    if as_json:
        shown.json({name: getattr(done, name) for name in done.__slots__})
    else:
        click.echo(
            f"uploaded {len(done.uploaded)}, replaced {len(done.replaced)}, "
            f"deleted {len(done.deleted)}, waiting {done.waiting}, failed {len(done.failed)}"
        )
    if done.failed:
        key, why = next(iter(done.failed.items()))
        raise VenueError(
            f"{len(done.failed)} segments failed, first {key}: {why}",
            cure="nothing of theirs was deleted; the next run tries again",
        )

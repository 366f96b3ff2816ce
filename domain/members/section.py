"""The ``[enrolment]`` section of a programme file."""

from pydantic import Field

from kit.documents import Flag, Section


class EnrolmentSection(Section):
    """How someone becomes a member."""

    on_first_purchase: Flag = Field(
        description="whether a purchase of an unknown member enrols that member"
    )

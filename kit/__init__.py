"""kit: what another company would want too. No loyalty noun is allowed in this room."""

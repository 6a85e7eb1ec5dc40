# SPDX-License-Identifier: MIT
"""What the tests drive the daemon with; nothing here knows the server's code."""

"""The board's packet cannot be written where it was asked for."""

from rounds.reports import write_board_packet

(folder / "taken").write_text("a file, where a folder should be")
packet = {"for": "Dr Ida Mann", "title": "T", "rollout": "r", "protocol": "p"}
write_board_packet(packet | {"looks": []}, folder / "taken")

# Instead:
from rounds.reports import write_board_packet

packet = {"for": "Dr Ida Mann", "title": "T", "rollout": "r", "protocol": "p"}
write_board_packet(packet | {"looks": []}, folder / "board")

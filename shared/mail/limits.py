"""How much of a mail is looked at, each number with its reason. Sizes are bytes of the mail, lengths are characters.

A mail that breaks a limit is still read as far as the limit goes, and the defect says so (`shared.mail.defects`).
"""

# the mail and its headers
MAIL_MAX_BYTES = 36 * 1024 * 1024  # a 25 MiB mail after base64 (RFC 2045, section 6.8: a third more) and its headers
HEADER_BLOCK_MAX_BYTES = 256 * 1024  # the longest real one seen had 45 kB; Postfix keeps 100 kB of one field
PART_HEADER_MAX_BYTES = 32 * 1024  # a part needs a handful of fields; more of them is padding
PART_HEADER_LINES_MAX = 500  # and as many lines at most, because there are 500 parts
HEADER_FIELDS_MAX = 1_000  # real mails stay below 150; past this a reader of fields is a victim
HEADER_LINES_MAX = 5_000  # folded lines of one block, for the same reason
FIELD_NAME_MAX = 100  # longest registered name has 44 characters
FIELD_VALUE_MAX = 8 * 1024  # what is read of one field; DKIM signatures and ARC seals need 2 to 4 kB
BLANK_LINES_SKIPPED = 20  # blank lines before the first field, as careless exports leave them

# structure
DEPTH_MAX = 40  # multiparts in multiparts; real ones reach 6, and the scan visits every byte once for each level
PARTS_MAX = 500  # real ones reach 60
DELIMITERS_MAX = 4_000  # lines that start like a boundary, the real ones among them
BOUNDARY_MAX = 200  # RFC 2046, section 5.1.1 allows 70; some senders write more
PARAMETERS_MAX = 60  # of one Content-Type, continuations included (RFC 2231)
PARAMETER_VALUE_MAX = 1_000  # a file name of 255 characters, percent-encoded
PARAMETER_TEXT_MAX = 3_000  # the same before it is decoded: three characters of encoded words for one of the name
MESSAGES_DEPTH_MAX = 2  # attached mails whose links are read: the mail in a forwarded mail
MESSAGES_MAX = 20  # attached mails looked into, at all depths: each is a scan of its own

# text
TEXT_MAX = 1024 * 1024  # body text kept and searched: longer bodies are padding or a novel
ENCODED_TEXT_MAX_BYTES = 4 * TEXT_MAX  # read of one body part: quoted-printable triples, UTF-8 takes up to four bytes
ATTACHED_TEXT_MAX = 1024 * 1024  # text of all attachments together that is searched for links
HTML_MAX = 512 * 1024  # body HTML kept and read; real bodies have 10 to 150 kB, and Gmail shows 102 kB
NORMAL_PIECE = 500  # characters normalised at once: NFC is quadratic in runs of combining marks
SUBJECT_MAX = 1_000  # RFC 5322 lines end at 998
NAME_MAX = 200  # of a display name
ADDRESS_MAX = 320  # 64 + 1 + 255 (RFC 5321, section 4.5.3.1)
ADDRESSES_MAX = 50  # of one field
ADDRESS_FIELD_MAX = 2 * 1024  # of From, Sender and Reply-To: what is read for addresses
COMMENT_DEPTH_MAX = 20  # parentheses in parentheses
RECIPIENTS_FIELD_MAX = 8 * 1024  # of To: 50 addresses with their names
IDENTIFIER_MAX = 250  # Message-ID, List-Id
HOPS_MAX = 30  # Received fields; MTAs give a mail up after 50 to 100, real ones have 3 to 12
HOP_MAX = 1_000  # characters of one
MAILTO_MAX = 20  # addresses in mailto links
DATE_MAX = 100  # a date with its comment has 45
CHARSET_NAME_MAX = 40  # longest registered name

# links
LINKS_MAX = 500  # p99 of phishing mails has 47
LINK_TRIES_MAX = 1_000  # different targets looked at, those that lead nowhere included: a host may cost 1 ms (IDNA)
URL_MAX = 2_048  # what browsers and gateways agree on
ANCHOR_TEXT_MAX = 200  # visible words of a link
CANONICAL_MAX = 2_048  # as for the URL: the canonical form may grow by percent-encoding
HOST_MAX = 253  # RFC 1035, section 2.3.4, without the last dot

# attachments
ATTACHMENTS_MAX = 100  # listed; the parts limit bounds the rest
FILE_NAME_MAX = 120  # shown and compared; file systems allow 255
ARCHIVE_MEMBERS_MAX = 1_000  # names listed; archives are never unpacked
MEMBER_NAME_MAX = 200  # characters kept of a member's name
UNPACKED_MAX_BYTES = 4 * 1024 * 1024  # of one document, all its members or streams together
MEMBER_MAX_BYTES = 512 * 1024  # of one relations part; real ones have 2 kB
PDF_STREAMS_MAX = 500  # looked into; links of compressed files lie in a few object streams
PDF_STREAM_MAX_BYTES = 512 * 1024  # unpacked of one
PICTURES_MAX = 5  # looked at for codes: a phishing mail shows one
PICTURE_MAX_BYTES = 5 * 1024 * 1024  # larger ones are photographs
PICTURE_POINTS_MAX = 25_000_000  # 25 MB when unpacked
PICTURE_SIDE_MAX = 1_500  # points of a side that are looked at; codes are coarse
PICTURE_CODES_MAX = 10  # of one picture
SNIFF_BYTES = 4 * 1024  # looked at to tell a type; ISO 9660 alone is told further behind

# what travels in events (docs of the events promise bounded facts)
FACT_URLS_MAX = 50
FACT_ATTACHMENTS_MAX = 20
FACT_SUBJECT_MAX = 300  # what a list of reports shows; more is cut by every client

# reports
ORIGINALS_MAX = 20  # attached mails of one report; a person selects a handful
FORWARD_LINES_MAX = 20  # quoted header lines of an inline forward
FORWARD_LINKED_MAX = 64 * 1024  # characters of a forward's body in which the words of links are looked for
FORWARD_MARKERS_MAX = 100  # lines that look like the beginning of one; a person writes a few rules at most
MAIL_LOOK_LINES = 50  # a header field must be among these lines, or it is no mail

# likeness
LIKENESS_TEXT_MAX = 64 * 1024  # text that tells two copies apart; a campaign differs long before
LIKENESS_TEXT_MIN = 20  # fewer characters say nothing of a campaign
SKETCH_TEXT_MAX = 6 * 1024  # characters that are sketched: some thousand words
SKETCH_WORDS_MIN = 12  # no more words than these are said by everybody
SKETCH_WORD_MAX = 16  # letters; longer words that are not ASCII are sentences without spaces

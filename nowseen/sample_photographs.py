"""More real photographs, to measure with: each of another thing, or several of one thing. Licences: NOTICE."""

from __future__ import annotations

from nowseen.samples import DebianPackage, Origin, PypiWheel, SampleFile

MORE_PHOTOGRAPHS = Origin(
    "photographs (more of scikit-image's)",
    PypiWheel("scikit-image", "0.26.0"),
    tuple(
        SampleFile(f"skimage-{name}", f"skimage/data/{name}", sha256)
        for name, sha256 in (
            ("brick.png", "7966caf324f6ba843118d98f7a07746d22f6a343430add0233eca5f6eaaa8fcf"),
            ("coins.png", "f8d773fc9cfa6f4d8e5942dc34d0a0788fcaed2a4fefbbed0aef5398d7ef4cba"),
            ("grass.png", "b6b6022426b38936c43a4ac09635cd78af074e90f42ffa8227ac8b7452d39f89"),
            ("gravel.png", "c48615b451bf1e606fbd72c0aa9f8cc0f068ab7111ef7d93bb9b0f2586440c12"),
            ("horse.png", "c7fb60789fe394c485f842291ea3b21e50d140f39d6dcb5fb9917cc178225455"),
            ("hubble_deep_field.jpg", "3a19c5dd8a927a9334bb1229a6d63711b1c0c767fb27e2286e7c84a3e2c2f5f4"),
            ("retina.jpg", "38a07f36f27f095e818aea7b96d34202c05176d30253c66733f2e00379e9e0e6"),
            ("text.png", "bd84aa3a6e3c9887850d45d606c96b2e59433fbef50338570b63c319e668e6d1"),
        )
    ),
)
PAGODA_AND_DAHLIA = Origin(
    "photographs (scikit-learn's)",
    PypiWheel("scikit-learn", "1.9.1"),
    tuple(
        SampleFile(f"sklearn-{name}", f"sklearn/datasets/images/{name}", sha256)
        for name, sha256 in (
            ("china.jpg", "8378025ad2519d649d02e32bd98990db4ab572357d9f09841c2fbfbb4fefad29"),
            ("flower.jpg", "a77f6ec41e353afdf8bdff2ea981b2955535d8d83294f8cfa49cf4e423dd5638"),
        )
    ),
)
LANDSCAPES = Origin(
    "photographs of landscapes (Tux Paint's)",
    DebianPackage("tuxpaint-data"),
    tuple(
        SampleFile(f"tuxpaint-{name}", f"usr/share/tuxpaint/templates/{name}", sha256)
        for name, sha256 in (
            ("burnt_bark.jpg", "14f3d6ad3fa5dd2cc0a2a996ed95d09e07f858269a0c90564d8f6f09d679f3b8"),
            ("cliff.jpg", "ff8da5b7a4eb5f5558a9768764871330ba245dc54ff55d5766129f47a45e7392"),
            ("corn_maze.jpg", "e3c5dfd777c38fbf79126795ba1165fee41e62402436196363a5e2d938a2d3be"),
            ("jellyfish.jpg", "340228d44027370689e43fe44e3a01a3793d79224a7fd20b3d52f824a65f787d"),
            ("lighthouse.jpg", "bf92c1139da97690208a3948c9d1051649deb44bb51baa288820f5c64f9e6365"),
            ("mossy_bark.jpg", "153b9d8eb33c6f0f6c4a8014039606ccbf1a89677209877de64ab3645324edbb"),
            ("mossy_log.jpg", "02ba4842fcf5f48f000d8325da89d85bedd8edc0d8cf551603dfdcfca12064e2"),
            ("mudstone.jpg", "ce1d13d3b66155bea3bc28db56694ade9ed27bd8814814672a0d58cd1b0d93f5"),
            ("ocean_splash.jpg", "a6c1697ed8dc06c72136041363b0808f5092625a466e8f9c5f7752375a398404"),
            ("ocean_waves.jpg", "b99c24c7148cb2935c7a9cfde12b81f368f8162e32349e554a8cb2dd44c5624e"),
            ("redwoods_above.jpg", "cda5f9d27e979e01e22bc16fce24e00b175f4cbfa99e12aa414f308c9aa00745"),
            ("rocks.jpg", "f3ddf517f26bc77a3f6a98010fc0bfa0ccac431869388755e0032a4f7bb6d748"),
            ("sheep.jpg", "cb408f8b3fc324798d012f71595a148f9fa360c17d1bde91371bd7c01e9cf881"),
            ("spiders_web.jpg", "a105461c86ff3c61aa46a6bc75747da570cd836d5c5a465b8faefb564f55ed30"),
            ("sun_behind_clouds.jpg", "a76583449fb6cf58ca3fd88deac57932f5e0623df8f6ca733258a2ceab3abf91"),
            ("sun_behind_leaves.jpg", "a6373334dc5af701d9e5f0efa0e1e4671202897a8e49db4b97d7e826b4590ff8"),
            ("trees_above.jpg", "d75bcb1c0c9cd3f9d9568b09f008e469c1e07ecc0fb84fe2aa858717228310c1"),
            ("trees_at_dusk.jpg", "9499116f8e8f494bd776b12b9cb4782a118662801ddff98c4127c866cf255720"),
            ("wool_mill_machine.jpg", "e66d36c482d32cc5bfd001923e584cf6398ef95039d92e9d2e65f64c33274a18"),
        )
    ),
)
NATURE = Origin(
    "photographs of nature (MATE's backgrounds)",
    DebianPackage("mate-backgrounds"),
    tuple(
        SampleFile(f"mate-{name}", f"usr/share/backgrounds/mate/nature/{name}", sha256)
        for name, sha256 in (
            ("Aqua.jpg", "5c30118205982da441bf7e6a1ada636a8a0be879408140b3148280c665ed6bce"),
            ("Blinds.jpg", "f7aac0dcc2e06d0491643e84df3da1d9db7c4610f58806a880d56e074799f600"),
            ("Dune.jpg", "8a67c2cb0be8c46b70c237311a4fa4d2b4ac7d39568135384787801fa5cc9a91"),
            ("FreshFlower.jpg", "972b0a0c4e5e3fa93f4f244fc84bc64b121a5eac3aaa5856f1308c1f38a02f8e"),
            ("Garden.jpg", "d3095ee09d425ef23d27155412136cf14fc3c9af76ca58b452f55e23da324e78"),
            ("GreenMeadow.jpg", "8fa0de0aa4089f7319c9fb7a6d006d4cab6023e8c8853731557cff53567b4832"),
            ("LadyBird.jpg", "e35a9a4126ef969c90b29c038058c5a575a20eadd84106a37bf1fa9931e7b61d"),
            ("RainDrops.jpg", "3e4ea9671c28c90a86cf67b3db9daf18c4741587c596333a7529ca589aaa0c16"),
            ("Storm.jpg", "77ca53077831d3237f73393a91fc879158abc046d852941c26e90de336356957"),
            ("TwoWings.jpg", "665e5abf8a5399070a91a9a8e455fe071e5b61697ff78fdeda4e9843ef545aeb"),
            ("Wood.jpg", "19c78500ac00a622e19907ab9cc7d06d46fe08c4a6142759a84195696150ec07"),
            ("YellowFlower.jpg", "254da96256acb7add685679775a04d1e4a5bc8cd13e5a5a3d61351ce198a5306"),
        )
    ),
)
PUZZLES = Origin(
    "photographs (Palapeli's puzzles)",
    DebianPackage("palapeli-data"),
    tuple(
        SampleFile(f"palapeli-{name}", f"usr/share/palapeli/collection/{name}", sha256)
        for name, sha256 in (
            ("castle-maintenon.jpg", "f4a6bf48b97d97715413f9ebd2d8744bd46df0e492bc8326e2513d51084f2612"),
            ("cincinnati-bridge.jpg", "09772d09318b34a5c5edd58ee86ff462bcd2907006f31cc8e0704310f8e9ab60"),
            ("citrus-fruits.jpg", "0cbd7154a14789803167c86705130d0358875198231269df168ea26224e70848"),
            ("european-honey-bee.jpg", "9d54ae706bddd899c91b2b801d9ca4556a5a9a399b4043f9d539df62a8cb7f27"),
            ("panther-chameleon-female.jpg", "adb9e2834a8a3db40ca3817452b956ada527085e5aa2bd604c465651a3834ae4"),
        )
    ),
)

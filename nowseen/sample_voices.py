"""More recordings of voices, to measure with: files begin with who speaks. Licences: NOTICE."""

from __future__ import annotations

from nowseen.samples import DebianPackage, Origin, SampleFile

JUNE = Origin(
    "a French-speaking announcer (June Wallack)",
    DebianPackage("asterisk-core-sounds-fr-g722"),
    tuple(
        SampleFile(f"june-{clip}.g722", f"usr/share/asterisk/sounds/fr_CA_f_June/{clip}.g722", sha256)
        for clip, sha256 in (
            ("demo-abouttotry", "5d6219c90295a08542e74225152646f833307ccab65491f1fbba56d5e50c84f9"),
            ("demo-nogo", "58f2fb2a59a1c239d5b4d64f67aa52df137f642356ed20e71c3a679adebb6d2f"),
            ("queue-periodic-announce", "c056fe21ceacad1a199a03ae4c2e125d8cd12088a5125798fa5468f3608d6d73"),
            ("tt-allbusy", "81a2697050d3d5cb0d62f83ed7fdab7877286a9b83cdb6ef168ffb6858a5ae95"),
            ("vm-newuser", "1ea62444fb98d4b8a93f67cb8aad385d656c18a1b08dda1097be1252ff3ea6bc"),
            ("vm-invalid-password", "878a34807046706455b3154b7f15f92fbf32053449b192d73715e7540e56c799"),
            ("vm-options", "c59096e03898891f195b7bc2d873595bb231603efe3fefc529e306749c5636ae"),
        )
    ),
)
CARLO = Origin(
    "an Italian announcer (Carlo Flora)",
    DebianPackage("asterisk-core-sounds-it-g722"),
    tuple(
        SampleFile(f"carlo-{clip}.g722", f"usr/share/asterisk/sounds/it_IT_m_Carlo/{clip}.g722", sha256)
        for clip, sha256 in (
            ("demo-abouttotry", "258f1cc226c21ba48c52b01664d2d18332f29e41cee4a44ec65931d02d41acdb"),
            ("demo-nogo", "4b88abd7b8c392994bd122e24b0fab399724bc33531326705ddc82142f5d3adf"),
            ("queue-periodic-announce", "e8b95383e525ded6f515d428489141955f9fcb824c5794e41cdaa8efb9777941"),
            ("tt-allbusy", "e5071cb229b1e62074ec2d2e40d28f7fa961941f07b9fc4fffce301632030e73"),
            ("vm-newuser", "bcbc40464e2ddbaa83e9f200d5f12f002dd8d54f8a642b187323586c2aaac4ce"),
            ("vm-invalid-password", "d01d8ca1745662518de380458e1f0dfb2aeed00d9e1e609606d0e712658d02a0"),
            ("vm-options", "b42717034c4bc0115f43207e120f278e487131c5ade229c1fc913c20b09798fc"),
        )
    ),
)
IVRVOICE = Origin(
    "a Russian announcer (ivrvoice.ru)",
    DebianPackage("asterisk-core-sounds-ru-g722"),
    tuple(
        SampleFile(f"ivrvoice-{clip}.g722", f"usr/share/asterisk/sounds/ru_RU_f_IvrvoiceRU/{clip}.g722", sha256)
        for clip, sha256 in (
            ("demo-abouttotry", "e781bf2a4e08fc58354b6db33412e22d018ef5b539ed4f868ff83f216ee34683"),
            ("demo-nogo", "b15139532f25f9f2ad61a63467b597c85fdfaa77e1fa96c9aff642e8e29b3b8e"),
            ("queue-periodic-announce", "aeb0cfa1f5c10d1e4e212281810adba32c61b91879e6208ec171b96966d9345c"),
            ("tt-allbusy", "07342e813261259445c42f55696ed22cd14a05b819ee471a63bf3f0a7189694d"),
            ("vm-newuser", "dbeeeba35e70979f994445ede056c14894724362c97b88603c3a579d29407b51"),
            ("vm-invalid-password", "5a5734f08827042e87e8bc03609236da4585c7b05aee8d23c55f5a1d09397444"),
            ("vm-options", "9fd988b3b73f645cfef4f007767bdb13dd9324c2a05a98661295aaac7d289a42"),
        )
    ),
)
ARMELLE = Origin(
    "a French announcer (Armelle Desjardins)",
    DebianPackage("asterisk-prompt-fr-armelle"),
    tuple(
        SampleFile(f"armelle-{clip}.gsm", f"usr/share/asterisk/sounds/fr/{clip}.gsm", sha256)
        for clip, sha256 in (
            ("conf-adminmenu", "99d3c3225d3feb68c238a9f44800013deba435c711e211caadb59d7abf56d877"),
            ("priv-callee-options", "f6e5058435a2b1b316f3b7458adf15494ffc833ac8e33c9121c65131eb66e2f2"),
            ("vm-options", "6e0c5b6eabfdfc2bd8f265b7521b0db5788fad1ffb2979787379f2acd73f1098"),
            ("conf-usermenu", "8bab6d9be09ffb127de81b14e783d3e92492af646cbedd46e091f42ae759bf8f"),
            ("vm-msginstruct", "ab10661054044d7e27113e512087f300b4fb2c0e0f5de869816350f23a61c530"),
            ("dir-intro", "ed15ce1a277792731e868ba55ed66b840606919247776baf5602fd2463de8aaf"),
        )
    ),
)
VOICES = (JUNE, CARLO, IVRVOICE, ARMELLE)

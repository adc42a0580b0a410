from lxml import etree

from dustjacket.typesetting.provenance import Provenance, prompt_hash, xmp_packet


def test_a_packet_is_xml_and_names_the_source_type_and_versions():
    provenance = Provenance(
        generator="g<1>", conditioner="clip&2", seed=7, prompt_sha256=prompt_hash("a", "b")
    )
    packet = xmp_packet("A <b> & 'c'", "D", provenance, concept=True).decode()
    texts = [element.text for element in etree.fromstring(packet.encode()).iter() if element.text]
    assert "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia" in texts
    assert {"A <b> & 'c'", "g<1>", "clip&2", "7", "True", prompt_hash("a", "b")} <= set(texts)
    assert "trainedAlgorithmicMedia" not in xmp_packet("A", "", None, concept=False).decode()


def test_the_hash_separates_texts():
    assert prompt_hash("ab", "c") != prompt_hash("a", "bc")

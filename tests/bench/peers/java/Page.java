package bench;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;

/** An operator's hour: each call at its greatest version, and the counts over them. */
final class Page {
    private static final int FIXED = 2 + 4 + 1 + 4;

    private final Map<String, Statement> calls = new HashMap<>();
    private int idBytes;
    private int answered, talks;
    private long talkedMs;

    /** Keeps the greater version; says whether that changed anything. */
    boolean accept(String callId, Statement said) {
        Statement before = calls.get(callId);
        if (before != null && said.version() <= before.version()) {
            return false;
        }
        calls.put(callId, said);
        if (before == null) {
            idBytes += callId.length();
        } else {
            count(before, -1);
        }
        count(said, 1);
        return true;
    }

    private void count(Statement said, int sign) {
        answered += said.answered() ? sign : 0;
        if (said.talked()) {
            talks += sign;
            talkedMs += (long) sign * said.talkMs();
        }
    }

    /** The KPI record. */
    byte[] record() {
        String text = "{\"calls\":" + calls.size() + ",\"answered\":" + answered + ",\"conversations\":" + talks
            + ",\"talk_ms\":" + talkedMs + "}";
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    /** Ids are ASCII here, so that a length of text is a length of bytes. */
    byte[] bytes() {
        ByteBuffer out = ByteBuffer.allocate(4 + idBytes + calls.size() * FIXED);
        out.putInt(calls.size());
        for (Map.Entry<String, Statement> entry : calls.entrySet()) {
            byte[] id = entry.getKey().getBytes(StandardCharsets.ISO_8859_1);
            Statement said = entry.getValue();
            out.putShort((short) id.length).put(id).putInt(said.version()).put(said.flags()).putInt(said.talkMs());
        }
        return out.array();
    }

    static Page of(byte[] bytes) {
        Page page = new Page();
        ByteBuffer in = ByteBuffer.wrap(bytes);
        for (int left = in.getInt(); left > 0; left--) {
            int length = in.getShort();
            String id = new String(bytes, in.position(), length, StandardCharsets.ISO_8859_1);
            in.position(in.position() + length);
            page.accept(id, Statement.of(in.getInt(), in.get(), in.getInt()));
        }
        return page;
    }

    static Serde<Page> serde() {
        Deserializer<Page> reader = (topic, bytes) -> bytes == null ? null : of(bytes);
        return Serdes.serdeFrom((topic, page) -> page == null ? null : page.bytes(), reader);
    }
}

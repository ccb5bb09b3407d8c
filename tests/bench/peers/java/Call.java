package bench;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.apache.kafka.common.serialization.Deserializer;

/** What the counts go by of one record of the topic of calls. */
record Call(String callId, String page, Statement statement) {

    static final long CONVERSATION_MS = 20_000;

    /** Reads a record field by field; no tree and no binding stands between. */
    static final class Reader implements Deserializer<Call> {
        private final JsonFactory json = new JsonFactory();

        @Override
        public Call deserialize(String topic, byte[] value) {
            String callId = null, operator = null, startedAt = null, by = null;
            boolean answered = false;
            int version = 0;
            long talkMs = 0;
            try (JsonParser parser = json.createParser(value)) {
                parser.nextToken();
                while (parser.nextToken() == JsonToken.FIELD_NAME) {
                    String name = parser.currentName();
                    JsonToken token = parser.nextToken();
                    switch (name) {
                        case "call_id" -> callId = parser.getText();
                        case "operator_id" -> operator = parser.getText();
                        case "started_at" -> startedAt = parser.getText();
                        case "answered_at" -> answered = token != JsonToken.VALUE_NULL;
                        case "answered_by" -> by = parser.getText();
                        case "talk_seconds" -> talkMs = Math.round(parser.getDoubleValue() * 1000);
                        case "version" -> version = parser.getIntValue();
                        default -> parser.skipChildren();
                    }
                }
            } catch (IOException broken) {
                throw new UncheckedIOException(broken);
            }
            boolean machine = "machine".equals(by);
            answered |= machine || "human".equals(by) || talkMs > 0;
            boolean talked = talkMs >= CONVERSATION_MS && !machine;
            return new Call(callId, operator + "|" + startedAt.substring(0, 13), new Statement(version, answered, talked, (int) talkMs));
        }
    }
}

// One event: the fields that the figures ask for, read by Jackson's streaming parser straight from the record's bytes.
package tidemark.peers;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.Set;

final class Event {
    private static final JsonFactory JSON = new JsonFactory();
    private static final Set<String> ENGAGED =
        Set.of("Slot Chosen", "Service Booked", "Video Report Viewed", "Work Approved", "Message Sent", "Offer Opened");

    String actor = "";
    String name = "";
    /** 64 bits of the message's identity. */
    long messageHash;
    long timeMs;
    /** Numbers of Slices. */
    int channel;
    int segment;
    int device;
    int purchases;
    boolean isOfTheCabinet;

    boolean isOpened() {
        return name.equals("Cabinet Opened");
    }

    boolean isEngaged() {
        return ENGAGED.contains(name);
    }

    /** Reads into this object, so that a consumer needs but one. */
    void read(byte[] value) {
        name = "";
        channel = segment = device = purchases = Slices.TOTAL;
        isOfTheCabinet = false;
        try (JsonParser json = JSON.createParser(value)) {
            json.nextToken();
            readObject(json, "");
        } catch (IOException error) {
            throw new IllegalArgumentException("a generated event is no JSON: " + error.getMessage(), error);
        }
    }

    private void readObject(JsonParser json, String path) throws IOException {
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String field = json.currentName();
            JsonToken token = json.nextToken();
            switch (path) {
                case "" -> readTop(json, field, token);
                case "properties" -> readProperty(json, field);
                case "context" -> readContext(json, field, token);
                default -> readInner(json, path, field);
            }
        }
    }

    private void readTop(JsonParser json, String field, JsonToken token) throws IOException {
        switch (field) {
            case "event" -> name = json.getText();
            case "userId" -> actor = json.getText();
            case "messageId" -> messageHash = hashOf(json.getTextCharacters(), json.getTextOffset(), json.getTextLength());
            case "timestamp" -> timeMs = Days.instant(json.getTextCharacters(), json.getTextOffset(), json.getTextLength());
            case "properties", "context" -> {
                if (token == JsonToken.START_OBJECT) readObject(json, field);
            }
            default -> json.skipChildren();
        }
    }

    private void readProperty(JsonParser json, String field) throws IOException {
        switch (field) {
            case "channel" -> channel = Slices.CHANNEL.numberOf(json.getText());
            case "segment" -> segment = Slices.SEGMENT.numberOf(json.getText());
            case "purchases" -> purchases = Slices.PURCHASES.numberOf(json.getText());
            default -> json.skipChildren();
        }
    }

    private void readContext(JsonParser json, String field, JsonToken token) throws IOException {
        if (token == JsonToken.START_OBJECT && (field.equals("app") || field.equals("device"))) readObject(json, field);
        else json.skipChildren();
    }

    private void readInner(JsonParser json, String path, String field) throws IOException {
        if (path.equals("app") && field.equals("name")) isOfTheCabinet = json.getText().equals("cabinet");
        else if (path.equals("device") && field.equals("type")) device = Slices.DEVICE.numberOf(json.getText());
        else json.skipChildren();
    }

    /** FNV-1a, its bits mixed once more. */
    private static long hashOf(char[] text, int from, int length) {
        long hash = 0xcbf29ce484222325L;
        for (int at = from; at < from + length; at++) hash = (hash ^ text[at]) * 0x100000001b3L;
        return hash ^ (hash >>> 32);
    }
}
